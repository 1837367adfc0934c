# Reads YAML from stdin with Psych and prints it as JSON.
require "json"
require "psych"

puts JSON.generate(Psych.safe_load($stdin.read.force_encoding("UTF-8")))
