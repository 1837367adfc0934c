//! The one type that holds a secret in memory.
//!
//! It has no Debug, Display, Clone or Serialize, so that no log line, message or document can take it by accident;
//! whoever needs the text asks for it by [`Secret::expose`], and each such place can be found. Its memory is wiped when
//! it goes. What a parser or an operating system copied before is out of reach.

use zeroize::Zeroizing;

/// A text that nobody may see.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for sealing, hashing or handing on. Not for messages.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both are the same text.
    pub fn same(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compiles only while the type lacks the trait: with it there would be two candidates for `some`.
    macro_rules! lacks {
        ($($of:ident),*) => {$({
            trait Either<A> { fn some() {} }
            impl<T: ?Sized> Either<()> for T {}
            #[allow(dead_code)]
            struct Other;
            impl<T: ?Sized + $of> Either<Other> for T {}
            <Secret as Either<_>>::some();
        })*};
    }

    #[test]
    fn a_secret_can_not_be_shown_copied_or_serialized() {
        use serde::Serialize;
        use std::fmt::{Debug, Display};
        lacks!(Debug, Display, Serialize, Clone);
        assert!(Secret::new("a".into()).same(&Secret::new("a".into())));
    }
}
