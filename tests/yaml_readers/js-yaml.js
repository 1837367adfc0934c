// Reads YAML from stdin with js-yaml and prints it as JSON. NODE_PATH says where js-yaml is.
const yaml = require("js-yaml");
const text = require("fs").readFileSync(0, "utf8");
process.stdout.write(JSON.stringify(yaml.load(text)));
