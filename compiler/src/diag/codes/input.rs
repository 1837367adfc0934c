//! Reading text, TOML, YAML and JSON.

super::codes! {
    UNREADABLE = "I001", Error, "a file can't be read";
    EMPTY = "I002", Error, "a file is empty";
    NOT_TEXT = "I003", Error, "a file is not text of a known encoding";
    TOO_LARGE = "I004", Error, "a file is larger than its kind can be";
    SYNTAX = "I010", Error, "the text breaks the rules of its language";
    WRONG_LANGUAGE = "I011", Error, "the text is of another kind than the file should hold";
    DUPLICATE = "I012", Error, "a key stands twice";
    YAML_FEATURE = "I013", Error, "a YAML feature that Airlift's inputs don't use";
    MISSING = "I020", Error, "a required key is missing";
    UNKNOWN = "I021", Error, "a key that nothing reads";
    TYPE = "I022", Error, "a value of the wrong type";
    VALUE = "I023", Error, "a value that is not allowed here";
    RECODED = "I030", Note, "a file was read in another encoding than UTF-8";
}
