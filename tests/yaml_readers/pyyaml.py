"""Reads YAML from stdin with PyYAML and prints it as JSON."""
import json
import sys

import yaml

json.dump(yaml.safe_load(sys.stdin.buffer.read()), sys.stdout)
