//! The tree that all three readers make.

use std::fmt;
use std::ops::Range;

/// A value and the bytes that it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands in its file.
    pub span: Range<usize>,
}

/// A value of TOML, YAML or JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// YAML's or JSON's null; TOML has none.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction. Nothing that Airlift reads wants one; kept to name it in a message.
    Float(f64),
    /// Text. TOML's dates come as text too.
    Str(String),
    /// A list.
    List(Vec<Node>),
    /// A table or mapping, in the file's order; a repeated key stands twice.
    Map(Vec<Entry>),
}

/// One member of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as written, without quotes.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// Its value.
    pub node: Node,
}

/// The kind of a value, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`Value::Null`].
    Null,
    /// See [`Value::Bool`].
    Bool,
    /// See [`Value::Int`].
    Int,
    /// See [`Value::Float`].
    Float,
    /// A number that no whole number of 64 bits can hold.
    Huge,
    /// See [`Value::Str`].
    Str,
    /// See [`Value::List`].
    List,
    /// See [`Value::Map`].
    Map,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Null => "nothing (null)",
            Kind::Bool => "true or false",
            Kind::Int => "a whole number",
            Kind::Float => "a number with a fraction",
            Kind::Huge => "a number that is too large",
            Kind::Str => "text",
            Kind::List => "a list",
            Kind::Map => "a table",
        })
    }
}

/// The largest number that is a [`Value::Int`], nearly.
const LARGEST: f64 = 9.2e18;

impl Value {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            // Whole numbers beyond 64 bits are read as such, too.
            Value::Float(number) if !(-LARGEST..=LARGEST).contains(number) => Kind::Huge,
            Value::Float(_) => Kind::Float,
            Value::Str(_) => Kind::Str,
            Value::List(_) => Kind::List,
            Value::Map(_) => Kind::Map,
        }
    }
}

impl Node {
    /// The member of a table by its key, the first when it is repeated.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            _ => None,
        }
    }
}
