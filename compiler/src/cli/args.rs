//! All flags. Where mkectl has a flag of the same meaning, ours has its name.

use super::site_args::{SettingArgs, SiteArgs};
use airlift_bundle::set::blob::CHUNK;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Compiles an MKE 3 site into signed, per-node bundles for MKE 4k, without a network.
#[derive(Debug, Parser)]
#[command(name = "airlift", version, max_term_width = 110, after_help = AFTER_HELP, propagate_version = true)]
pub struct Airlift {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// What holds for every verb.
    #[command(flatten)]
    pub global: Global,
}

const AFTER_HELP: &str = "A first set, from nothing:
  airlift init acme                  a commented site directory
  airlift next acme                  what is still missing, and the command that makes it
  airlift keygen author              a signing key; asks for a password
  airlift check acme                 what would be lost, changed or in the way
  airlift secrets new acme           keys, tokens and codes, in a store beside the site
  airlift secrets seal acme          each to the nodes that need it
  airlift compile acme --key author.key --out acme-set";

const SECRETS_HELP: &str = "The store is one file outside of the site directory, encrypted with a passphrase; stock \
`age -d` opens it. Compiling needs neither store nor passphrase, only the sealed files. docs/secrets.md says what is \
where, who can open what, and how it is destroyed.";

/// Flags of every verb.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Never use colours.
    #[arg(long, global = true, help_heading = "Talk")]
    pub no_color: bool,
    /// How much to say on standard error: error, warn, info, debug or trace.
    #[arg(
        short = 'l',
        long = "logLevel",
        visible_alias = "log-level",
        value_name = "LEVEL",
        default_value = "info",
        global = true,
        help_heading = "Talk"
    )]
    pub log_level: LogLevel,
}

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// Errors only.
    Error,
    /// And warnings.
    Warn,
    /// And notes.
    Info,
    /// And what the tool does.
    Debug,
    /// And every step of it.
    Trace,
}

/// For whom the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// At least a megabyte: a set has at most 10,000 chunks of a blob. At most what every file system holds.
fn chunk_size() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range((1 << 20)..=u64::from(u32::MAX))
}

impl Verb {
    /// Its name, and for whom its answer is.
    pub(super) fn answers(&self) -> (&'static str, Format) {
        match self {
            Verb::Init { format, .. } => ("init", *format),
            Verb::Next { format, .. } => ("next", *format),
            Verb::Compile { format, .. } => ("compile", *format),
            Verb::Secrets { verb } => match verb {
                SecretsVerb::New { format, .. } => ("secrets new", *format),
                SecretsVerb::Show { format, .. } => ("secrets show", *format),
                SecretsVerb::Seal { format, .. } => ("secrets seal", *format),
                SecretsVerb::Destroy { format, .. } => ("secrets destroy", *format),
            },
            Verb::Check { format, .. } => ("check", *format),
            Verb::Convert { format, .. } => ("convert", *format),
            Verb::Explain { format, .. } => ("explain", *format),
            Verb::Contracts { format } => ("contracts", *format),
            Verb::Keys { format, .. } => ("keys", *format),
            Verb::Keygen { format, .. } => ("keygen", *format),
            Verb::Verify { format, .. } => ("verify", *format),
            Verb::Carry { format, .. } => ("carry", *format),
            Verb::Rebuild { format, .. } => ("rebuild", *format),
            Verb::Inspect { format, .. } => ("inspect", *format),
            Verb::Completions { .. } => ("completions", Format::Text),
            Verb::Man { .. } => ("man", Format::Text),
        }
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a commented site directory.
    Init {
        /// The directory; must not exist or be empty.
        #[arg(value_name = "SITE_DIR")]
        dir: PathBuf,
        /// Name of the site; the directory's name if absent.
        #[arg(long)]
        name: Option<String>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Say what a site directory still lacks, and the command that makes it.
    Next {
        /// The site directory.
        #[arg(value_name = "SITE_DIR", default_value = ".")]
        dir: PathBuf,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Compile a site directory into a signed set.
    Compile {
        /// The site.
        #[command(flatten)]
        site: SiteArgs,
        /// The directory to write; appears whole or not at all. The site's name with `-set` if absent.
        #[arg(short, long, visible_alias = "output", value_name = "DIR")]
        out: Option<PathBuf>,
        /// The author's minisign key; see `airlift keygen`.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// File with the key's password; else AIRLIFT_KEY_PASSWORD, else a terminal is asked.
        #[arg(long, value_name = "FILE")]
        key_password_file: Option<PathBuf>,
        /// Write a copy of mke4.yaml here too.
        #[arg(long, value_name = "FILE")]
        config_out: Option<PathBuf>,
        /// Cut larger blobs into chunks of this many bytes, because FAT32 holds no file of 4 GiB.
        #[arg(long, value_name = "BYTES", default_value_t = CHUNK, value_parser = chunk_size())]
        chunk_size: u64,
        /// Replace a set that is there already.
        #[arg(long)]
        force: bool,
        /// Take logins of registries that were left unsealed; everybody who sees the set knows them then.
        #[arg(long)]
        plaintext_secrets: bool,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Make, show, seal and destroy the secrets of a site.
    #[command(after_help = SECRETS_HELP)]
    Secrets {
        /// What to do.
        #[command(subcommand)]
        verb: SecretsVerb,
    },
    /// Report what would be lost, changed or in the way; write nothing.
    Check {
        /// The site.
        #[command(flatten)]
        site: SiteArgs,
        /// A bare TOML file instead of a site directory, as `mkectl check mke3` takes it.
        #[arg(long, value_name = "FILE", conflicts_with = "dir")]
        mke3_config_path: Option<PathBuf>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Translate a TOML file to mke4.yaml on standard output.
    Convert {
        /// The MKE 3 configuration.
        #[arg(value_name = "TOML")]
        toml: PathBuf,
        /// The settings.
        #[command(flatten)]
        site: SettingArgs,
        /// Write the file here instead.
        #[arg(long, value_name = "FILE")]
        config_out: Option<PathBuf>,
        /// Replace a file that is there already.
        #[arg(long)]
        force: bool,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Say what became of a key, or where a value comes from.
    Explain {
        /// `mke3.toml:cluster_config.pod_cidr`, `mke4.yaml:spec.network.serviceCIDR`, or a part of either.
        #[arg(value_name = "FILE:PATH")]
        query: String,
        /// The site.
        #[command(flatten)]
        site: SiteArgs,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// List the target releases that Airlift knows.
    Contracts {
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// List every known TOML key with its fate under a contract.
    Keys {
        /// The target release; the newest if absent.
        #[arg(long, value_name = "RELEASE")]
        target: Option<String>,
        /// Only keys that contain this text.
        #[arg(value_name = "TEXT")]
        filter: Option<String>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Make a signing key: NAME.key (secret) and NAME.pub.
    Keygen {
        /// Path of the two files, without ending.
        #[arg(value_name = "NAME")]
        stem: PathBuf,
        /// File with a password for the key; else AIRLIFT_KEY_PASSWORD, else a terminal is asked.
        #[arg(long, value_name = "FILE")]
        key_password_file: Option<PathBuf>,
        /// Keep the key without a password: whoever reads the file can sign.
        #[arg(long, conflicts_with = "key_password_file")]
        no_password: bool,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Check a whole set: signatures, digests, and that its parts belong together.
    Verify {
        /// The set.
        #[arg(value_name = "SET")]
        set: PathBuf,
        /// Public key of the author, a minisign `.pub` file.
        #[arg(long, value_name = "FILE", required_unless_present = "trust")]
        public_key: Option<PathBuf>,
        /// Trust file with authors, approvers and a threshold.
        #[arg(long, value_name = "FILE", conflicts_with = "public_key")]
        trust: Option<PathBuf>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Copy a set to a medium, flush it, read it back past the cache; run again, repeat only what is missing or wrong.
    Carry {
        /// The set.
        #[arg(value_name = "SET")]
        set: PathBuf,
        /// A directory on the medium; made where it is missing.
        #[arg(value_name = "TARGET")]
        target: PathBuf,
        /// Check the set against the author's public key first, a minisign `.pub` file.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// Check it against a trust file with authors, approvers and a threshold.
        #[arg(long, value_name = "FILE", conflicts_with = "public_key")]
        trust: Option<PathBuf>,
        /// Put it in the place of another set.
        #[arg(long)]
        force: bool,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Prove that a set is what the compiler makes of a site directory; needs no signing key and no secret.
    Rebuild {
        /// Compare; the only thing that `rebuild` does.
        #[arg(long, required = true)]
        check: bool,
        /// The set.
        #[arg(value_name = "SET")]
        set: PathBuf,
        /// The site. Secrets in it may be blanked.
        #[command(flatten)]
        site: SiteArgs,
        /// As it was given to `compile`.
        #[arg(long, value_name = "BYTES", default_value_t = CHUNK, value_parser = chunk_size())]
        chunk_size: u64,
        /// Verify the signatures too: the author's public key, a minisign `.pub` file.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// Verify signatures and approvals with a trust file.
        #[arg(long, value_name = "FILE", conflicts_with = "public_key")]
        trust: Option<PathBuf>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Show what a bundle holds, or one of its files.
    Inspect {
        /// The bundle.
        #[arg(value_name = "BUNDLE")]
        bundle: PathBuf,
        /// A file in it, to be written to standard output.
        #[arg(value_name = "PATH")]
        path: Option<String>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual, or write one page for each verb.
    Man {
        /// Write the pages into this directory.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
pub enum SecretsVerb {
    /// Make what the site needs and take what lies in its inputs; what the store has stays.
    New {
        /// The site.
        #[command(flatten)]
        site: SiteArgs,
        /// The store.
        #[command(flatten)]
        store: StoreArgs,
        /// A value for a slot that no input fills, from a file; without it, it is asked for. May be repeated.
        #[arg(long, value_name = "NAME=FILE")]
        secret: Vec<String>,
        /// Make or take this one anew; `secrets show` lists the names. May be repeated.
        #[arg(long, value_name = "NAME")]
        renew: Vec<String>,
        /// Cost of the store's passphrase hash (scrypt), 2 to this power; what takes a second if absent.
        #[arg(long, value_name = "POWER", value_parser = clap::value_parser!(u8).range(1..=22))]
        work_factor: Option<u8>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// List names, kinds, recipients and fingerprints; never a secret.
    Show {
        /// The site directory.
        #[arg(value_name = "SITE_DIR", default_value = ".")]
        dir: PathBuf,
        /// The store.
        #[command(flatten)]
        store: StoreArgs,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Write sealed/: for each node one file for each secret that it needs, encrypted to the node's own key.
    Seal {
        /// The site.
        #[command(flatten)]
        site: SiteArgs,
        /// The store.
        #[command(flatten)]
        store: StoreArgs,
        /// Leave logins of registries unsealed. Everybody who sees the set will know them.
        #[arg(long)]
        plaintext_secrets: bool,
        /// Cost of the store's passphrase hash (scrypt), 2 to this power; what takes a second if absent.
        #[arg(long, value_name = "POWER", value_parser = clap::value_parser!(u8).range(1..=22))]
        work_factor: Option<u8>,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// Overwrite and remove the store. Sealed files stay: only the nodes' keys open them.
    Destroy {
        /// The site directory.
        #[arg(value_name = "SITE_DIR", default_value = ".")]
        dir: PathBuf,
        /// The store; its passphrase is needed only where nothing else says whose store it is.
        #[command(flatten)]
        store: StoreArgs,
        /// Don't ask, where it is sure that this is the site's store.
        #[arg(long)]
        yes: bool,
        /// For whom the answer is.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
}

/// Which store, and what opens it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreArgs {
    /// The store; if absent, $XDG_DATA_HOME/airlift/SITE.secrets.age, in ~/.local/share by default.
    #[arg(long, value_name = "FILE", env = "AIRLIFT_STORE")]
    pub store: Option<PathBuf>,
    /// File with the store's passphrase, mode 600; else AIRLIFT_STORE_PASSPHRASE; else it is asked for.
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}
