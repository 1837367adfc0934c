//! The MKE 3 configuration.

super::codes! {
    NOT_A_CONFIGURATION = "M001", Error, "the file is no MKE 3 configuration";
    ERROR_REPLY = "M002", Error, "the file holds what a server answered instead of the configuration";
    CUT_OFF = "M003", Error, "the file breaks off in the middle";
    PAGE_FORM = "M004", Error, "a form that a documentation page shows, but that is no TOML";
    UNKNOWN = "M010", Error, "a key that MKE 3 does not have";
    MISSPELT = "M011", Error, "a key that MKE 3 spells otherwise";
    OUTDATED_TABLE = "M012", Error, "a table of an older release";
    OUTDATED_KEY = "M013", Warning, "a key of an older release";
    TWO_SPELLINGS = "M014", Error, "one key under two spellings";
    ALLOWED = "M015", Note, "an unknown key that the operator allowed";
    ALLOWED_NOTHING = "M016", Warning, "an exception for a key that needs none";
    TYPE = "M020", Error, "a value of the wrong type";
    VALUE = "M021", Error, "a value that MKE 3 does not take";
    DOUBTFUL_VALUE = "M022", Warning, "a value that MKE 3 may not take";
    RANGE = "M023", Error, "a number outside its range";
    MISSING = "M024", Error, "a required key is missing";
    RESERVED = "M025", Error, "a text that only Airlift itself may write";
    PRIVATE_KEY = "M026", Error, "a private key where none belongs";
    CONFLICT = "M030", Error, "keys that MKE 3 does not take together";
    DOUBTFUL_PAIR = "M031", Warning, "keys that don't fit together";
}
