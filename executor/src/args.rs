//! The command line. What it means is in [`crate::commands`].

use std::path::PathBuf;

use airlift_bundle::gate::Stage;
use airlift_bundle::name::{EntryName, NodeName};
use airlift_bundle::plan::StepId;
use airlift_bundle::signature::Fingerprint;
use airlift_bundle::trust::KeyRole;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::Exit;
use crate::survey::key::DEFAULT_PATH as DEFAULT_KEY;
use crate::trust_store::DEFAULT_PATH;

/// Checks and applies an Airlift bundle on the node that it names.
#[derive(Debug, Parser)]
#[command(name = "airlift-node", version, after_long_help = Exit::table())]
pub struct Cli {
    /// Show results to people, or one JSON event a line to programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People
    Text,
    /// Programs
    Json,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make this node's key once and print the node's facts as JSON, for survey/NODE.json of a site; writes nothing else
    Survey(Survey),
    /// Check a whole set, or one bundle where it lies in its set; writes nothing
    Verify(Verify),
    /// Show what is in a bundle, or print one of its files; writes nothing
    Inspect(Inspect),
    /// Say whose signatures this machine trusts
    #[command(subcommand)]
    Trust(Trust),
    /// Run the checks of this node's plan, which only look; writes nothing
    Check(Check),
    /// Go on with the migration of this node, as far as it may
    Apply(Apply),
    /// Take this node back to where it was before the first stage, as far as it may
    Rollback(Rollback),
    /// Remove what the old cluster left, and what was kept for going back
    Commit(Commit),
    /// Show the words that this node has given, copy their receipts, or take those of others
    Receipt(Receipt),
    /// Say where this node stands and what to type; writes nothing
    Status(OnNode),
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Directory of the set; the set that the node works with when left out
    pub set: Option<PathBuf>,
    /// Whose signatures count.
    #[command(flatten)]
    pub keys: Keys,
    /// The node.
    #[command(flatten)]
    pub node: OnNode,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// Directory of the set; needed once, later the set that the node works with
    pub set: Option<PathBuf>,
    /// Say what each step would do; writes nothing
    #[arg(long, conflicts_with_all = ["receipts", "code", "say"])]
    pub dry_run: bool,
    /// Stop after this stage
    #[arg(long, value_name = "STAGE")]
    pub stage: Option<Stage>,
    /// Run this recovery of the plan instead
    #[arg(long, value_name = "NAME", conflicts_with_all = ["set", "dry_run", "stage", "receipts", "code", "say"])]
    pub recover: Option<StepId>,
    /// Up to the leader's start: this host is off or fenced, and stays out of the attempt (asks for your word)
    #[arg(long, value_name = "HOST", conflicts_with_all = ["dry_run", "recover"])]
    pub left_behind: Vec<NodeName>,
    /// After it: go on without this host, whose silence may be acted on (asks for your word)
    #[arg(long, value_name = "HOST", conflicts_with_all = ["dry_run", "recover"])]
    pub without: Vec<NodeName>,
    /// Open the next attempt, on the leader, once all nodes have returned
    #[arg(long, conflicts_with_all = ["dry_run", "recover"])]
    pub next_attempt: bool,
    /// The words of others and of the operator.
    #[command(flatten)]
    pub words: Words,
    /// Whose signatures count.
    #[command(flatten)]
    pub keys: Keys,
    /// The node.
    #[command(flatten)]
    pub node: OnNode,
}

/// Words of others, and of the operator.
#[derive(Debug, Default, Args)]
pub struct Words {
    /// First take the receipts of other nodes from this directory, or this file
    #[arg(long, value_name = "DIR")]
    pub receipts: Vec<PathBuf>,
    /// First take this code as a word of that host, as airlift-node receipt shows it there
    #[arg(long, num_args = 3, value_names = ["HOST", "WORD", "CODE"])]
    pub code: Vec<String>,
    /// The sentence that is asked for, word for word, where nobody is at a terminal to type it
    #[arg(long, value_name = "SENTENCE")]
    pub say: Vec<String>,
}

/// `rollback`
#[derive(Debug, Args)]
pub struct Rollback {
    /// This host is off and stays off: go back without its word (asks for your word)
    #[arg(long, value_name = "HOST")]
    pub lost: Vec<NodeName>,
    /// The leader is lost, and this manager takes its place; type it on every node (asks for your word)
    #[arg(long, value_name = "HOST")]
    pub hub: Option<NodeName>,
    /// The words of others and of the operator.
    #[command(flatten)]
    pub words: Words,
    /// The node.
    #[command(flatten)]
    pub node: OnNode,
}

/// `commit`
#[derive(Debug, Args)]
pub struct Commit {
    /// On a host that the site went on without: clear away both stacks
    #[arg(long)]
    pub left_out: bool,
    /// The words of others and of the operator.
    #[command(flatten)]
    pub words: Words,
    /// The node.
    #[command(flatten)]
    pub node: OnNode,
}

/// `receipt`
#[derive(Debug, Args)]
pub struct Receipt {
    /// Copy this node's receipts into this directory, and flush them
    #[arg(long, value_name = "DIR", conflicts_with_all = ["from", "code"])]
    pub to: Option<PathBuf>,
    /// Take the receipts of other nodes from these directories and files
    #[arg(long, value_name = "DIR|FILE", num_args = 1..)]
    pub from: Vec<PathBuf>,
    /// Take this code as a word of that host, as airlift-node receipt shows it there
    #[arg(long, num_args = 3, value_names = ["HOST", "WORD", "CODE"])]
    pub code: Vec<String>,
    /// The node.
    #[command(flatten)]
    pub node: OnNode,
}

/// The node that a verb works on.
#[derive(Debug, Args)]
pub struct OnNode {
    /// Directory that stands for / (for tests and chroots)
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    pub root: PathBuf,
}

/// `survey`
#[derive(Debug, Args)]
pub struct Survey {
    /// Write the facts here instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Make no key; tell the one that is there
    #[arg(long)]
    pub no_key: bool,
    /// The node's age key, made here when there is none; it never leaves the node
    #[arg(long, value_name = "FILE", default_value = DEFAULT_KEY)]
    pub key: PathBuf,
}

/// `verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Directory of a set, or SET/nodes/NAME.tar.zst
    #[arg(value_name = "SET_OR_BUNDLE")]
    pub path: PathBuf,
    /// Whose signatures count.
    #[command(flatten)]
    pub keys: Keys,
}

/// `inspect`
#[derive(Debug, Args)]
pub struct Inspect {
    /// The bundle, NAME.tar.zst
    pub bundle: PathBuf,
    /// Print this file of the bundle, manifest.json included, as it is
    #[arg(value_name = "PATH")]
    pub entry: Option<EntryName>,
    /// Whose signatures count.
    #[command(flatten)]
    pub keys: Keys,
}

/// Whose signatures count.
#[derive(Debug, Args)]
pub struct Keys {
    /// Trust file to use instead of the machine's own [default: /etc/airlift/trust]
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// Trust this one author and ask for no approvals: for a reviewer's workstation
    #[arg(long, value_name = "FILE", conflicts_with = "trust")]
    pub public_key: Option<PathBuf>,
}

/// `trust`
#[derive(Debug, Subcommand)]
pub enum Trust {
    /// Trust one more key, after comparing its fingerprint with the one on paper
    Add(TrustAdd),
    /// Show the keys that are trusted and how many approvals a set needs
    List(TrustFileArg),
    /// Ask for this many approvals by different approvers
    Threshold(TrustThreshold),
}

/// `trust add`
#[derive(Debug, Args)]
pub struct TrustAdd {
    /// The public key, a .pub file of minisign
    pub public_key_file: PathBuf,
    /// What the key may do: author (signs sets) or approver
    #[arg(long, value_name = "ROLE")]
    pub role: KeyRole,
    /// SHA-256 of the key as its owner gave it on paper; elsewhere: tail -n 1 KEY.pub | base64 -d | sha256sum
    #[arg(long, value_name = "FINGERPRINT")]
    pub fingerprint: Fingerprint,
    /// The file to change.
    #[command(flatten)]
    pub file: TrustFileArg,
}

/// `trust threshold`
#[derive(Debug, Args)]
pub struct TrustThreshold {
    /// How many; 0 asks for none
    pub number: usize,
    /// The file to change.
    #[command(flatten)]
    pub file: TrustFileArg,
}

/// The trust file of the `trust` subcommands.
#[derive(Debug, Args)]
pub struct TrustFileArg {
    /// The trust file
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub trust: PathBuf,
}

/// The command line of this process; ends it with [`Exit::Usage`] when it is wrong.
#[must_use]
pub fn parse() -> Cli {
    let cli = Cli::parse();
    if let (Format::Json, Command::Inspect(Inspect { entry: Some(_), .. })) = (cli.format, &cli.command) {
        let clash = "a file is printed as it is; leave out --format json, or the file";
        clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{clash}\n")).exit();
    }
    if let (Format::Json, Command::Survey(Survey { output: None, .. })) = (cli.format, &cli.command) {
        let clash = "a survey is JSON already; leave out --format json, or say --output FILE";
        clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, format!("{clash}\n")).exit();
    }
    cli
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_wrong_command_line_has_the_documented_exit_code() {
        let error = Cli::try_parse_from(["airlift-node", "frobnicate"]).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()));
    }
}
