//! One key of the catalogue, and the words to describe it.

/// What a list of keys belongs to: one table of the file, or one theme of `cluster_config`.
#[derive(Debug)]
pub struct Group {
    /// For people: `auth.sessions`, `cluster_config: CNI`.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// One key that an MKE 3 configuration can hold.
///
/// Made by a constructor for its kind and then refined, so that a line of the catalogue reads like a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Dotted path; `[]` after an array of tables, `<name>` for a name that the operator chose.
    pub pattern: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What MKE 3 uses while the key is absent or empty, where that is known.
    pub default: Option<Literal>,
    /// Other values that an upgraded or a fresh cluster shows although nobody chose them.
    pub also_default: &'static [Literal],
    /// Which values are allowed.
    pub allowed: Allowed,
    /// Whether an array row (or `auth.ldap`) makes no sense without it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Whether its value can carry a password inside: a proxy's URL, a header, a flag.
    pub may_hold_secret: bool,
    /// Other spellings of the last part of the pattern, which pages and files use.
    pub aliases: &'static [&'static str],
    /// The release that brought it, where that is known.
    pub since: &'static str,
    /// For a key of an older release: what became of it.
    pub outdated: Option<&'static str>,
    /// How it is known: `D` documented, `F` seen in a file, `U` documented for UCP only, `I` inferred.
    pub seen: &'static str,
    /// Where the vendor's own check of an MKE 3 configuration lists it.
    pub check: Check,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Bool,
    /// A whole number.
    Int,
    /// A whole number that MKE writes as text (`calico_mtu = "1480"`). A bare number is read alike.
    NumberText,
    /// A whole number or text: the pages don't show which.
    IntOrText,
    /// Text.
    Text(Form),
    /// A list of texts.
    List(Form),
    /// A list of texts, or one text with commas: pages and files disagree.
    ListOrCommas,
}

impl Kind {
    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        matches!(self, Kind::List(_) | Kind::ListOrCommas)
    }
}

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any.
    Any,
    /// A duration as Go writes it: `90s`, `1m0s`.
    Duration,
    /// A Kubernetes quantity: `2Gi`.
    Quantity,
    /// A size of the old kind: `2GB`, or `auto`.
    Size,
    /// A schedule: five or six fields, seconds first, or a descriptor (`@midnight`, `@every 72h`).
    Cron,
    /// Certificates in PEM.
    Pem,
    /// An address range: `10.0.0.0/8`.
    Cidr,
    /// Such ranges with commas between.
    CidrList,
    /// Ports: `30000-32767`.
    PortRange,
    /// An IP address.
    Ip,
    /// A CIDR or `first-last`.
    IpRange,
    /// An address with a scheme.
    Url,
    /// A path on a Linux host.
    Path,
    /// A path on a Windows host; doubled backslashes count as one.
    WindowsPath,
    /// `name=quantity`, with commas between.
    Reserved,
    /// One whole flag, `--name=value` or `--name`.
    Flag,
    /// Flags with blanks between.
    FlagText,
    /// `namespace/service:port`, under a port number as key.
    Service,
    /// `namespace/name`.
    Namespaced,
}

/// A value in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// true or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Str(&'static str),
}

/// Which values are allowed. The empty text always is: it means "unset".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// All of the kind.
    Any,
    /// Numbers from, to.
    Range(i64, i64),
    /// One of these words.
    Words {
        /// The words.
        words: &'static [&'static str],
        /// Whether upper and lower case count as the same.
        any_case: bool,
        /// Whether the list is known to be complete; if not, another word is only doubtful.
        complete: bool,
    },
}

/// Where the printed sample of `mkectl check mke3` puts a key. It is one version's output; the translation decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Among the supported settings.
    Supported,
    /// Among those that are not supported.
    NotSupported,
    /// Skipped, because it was off.
    Skipped,
    /// Not in the sample.
    Unlisted,
}

impl Key {
    const fn new(pattern: &'static str, kind: Kind) -> Self {
        Self {
            pattern,
            kind,
            default: None,
            also_default: &[],
            allowed: Allowed::Any,
            required: false,
            secret: false,
            may_hold_secret: false,
            aliases: &[],
            since: "",
            outdated: None,
            seen: "",
            check: Check::Unlisted,
        }
    }

    pub(super) const fn bool(pattern: &'static str) -> Self {
        Self::new(pattern, Kind::Bool)
    }

    pub(super) const fn int(pattern: &'static str) -> Self {
        Self::new(pattern, Kind::Int)
    }

    pub(super) const fn number_text(pattern: &'static str) -> Self {
        Self::new(pattern, Kind::NumberText)
    }

    pub(super) const fn int_or_text(pattern: &'static str) -> Self {
        Self::new(pattern, Kind::IntOrText)
    }

    pub(super) const fn text(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Any)
    }

    pub(super) const fn form(pattern: &'static str, form: Form) -> Self {
        Self::new(pattern, Kind::Text(form))
    }

    pub(super) const fn duration(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Duration)
    }

    pub(super) const fn cron(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Cron)
    }

    pub(super) const fn pem(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Pem)
    }

    pub(super) const fn url(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Url)
    }

    pub(super) const fn path(pattern: &'static str) -> Self {
        Self::form(pattern, Form::Path)
    }

    pub(super) const fn list(pattern: &'static str) -> Self {
        Self::list_of(pattern, Form::Any)
    }

    pub(super) const fn list_of(pattern: &'static str, form: Form) -> Self {
        Self::new(pattern, Kind::List(form))
    }

    /// Flags can carry a credential, as anything that an operator hands to a component can.
    pub(super) const fn flags(pattern: &'static str) -> Self {
        Self::list_of(pattern, Form::Flag).may_hold_secret()
    }

    pub(super) const fn list_or_commas(pattern: &'static str) -> Self {
        Self::new(pattern, Kind::ListOrCommas)
    }

    pub(super) const fn default_bool(mut self, value: bool) -> Self {
        self.default = Some(Literal::Bool(value));
        self
    }

    pub(super) const fn default_int(mut self, value: i64) -> Self {
        self.default = Some(Literal::Int(value));
        self
    }

    pub(super) const fn default_str(mut self, value: &'static str) -> Self {
        self.default = Some(Literal::Str(value));
        self
    }

    pub(super) const fn also_default(mut self, values: &'static [Literal]) -> Self {
        self.also_default = values;
        self
    }

    pub(super) const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.allowed = Allowed::Words { words, any_case: false, complete: true };
        self
    }

    pub(super) const fn one_of_any_case(mut self, words: &'static [&'static str]) -> Self {
        self.allowed = Allowed::Words { words, any_case: true, complete: true };
        self
    }

    /// As [`one_of`](Self::one_of), where no page gives the whole list.
    pub(super) const fn mostly_one_of(mut self, words: &'static [&'static str]) -> Self {
        self.allowed = Allowed::Words { words, any_case: false, complete: false };
        self
    }

    pub(super) const fn range(mut self, from: i64, to: i64) -> Self {
        self.allowed = Allowed::Range(from, to);
        self
    }

    pub(super) const fn at_least(self, from: i64) -> Self {
        self.range(from, i64::MAX)
    }

    pub(super) const fn port(self) -> Self {
        self.range(1, 65535)
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) const fn may_hold_secret(mut self) -> Self {
        self.may_hold_secret = true;
        self
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn since(mut self, release: &'static str) -> Self {
        self.since = release;
        self
    }

    pub(super) const fn outdated(mut self, became: &'static str) -> Self {
        self.outdated = Some(became);
        self
    }

    pub(super) const fn seen(mut self, letters: &'static str) -> Self {
        self.seen = letters;
        self
    }

    pub(super) const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// The last part of the pattern.
    pub fn leaf(&self) -> &'static str {
        match self.pattern.rfind('.') {
            Some(dot) => &self.pattern[dot + 1..],
            None => self.pattern,
        }
    }

    /// All values that count as "nobody chose this".
    pub fn defaults(&self) -> impl Iterator<Item = Literal> {
        self.default.into_iter().chain(self.also_default.iter().copied())
    }

    /// Whether its words are the same in upper and lower case.
    pub fn ignores_case(&self) -> bool {
        matches!(self.allowed, Allowed::Words { any_case: true, .. })
    }
}
