//! The question that the engine asks before it begins or unwinds a stage.

use airlift_bundle::gate::Stage;

use crate::journal::State;

/// What the engine wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Begin this stage.
    Begin(Stage),
    /// Undo this finished stage, on the way back.
    Unwind(Stage),
}

/// What the protocol says to that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Open,
    /// Wait; for what, and what to type when it is there.
    Wait {
        /// What the node waits for.
        need: String,
        /// What to type.
        hint: String,
    },
}

/// Who answers.
pub trait Gates {
    /// May the node do this now? `state` is what its journal says.
    fn may(&mut self, passage: Passage, state: &State) -> Answer;
}

/// Answers for a node that knows no protocol: it gets ready, goes back from there, and waits at every other gate.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotWired;

impl Gates for NotWired {
    fn may(&mut self, passage: Passage, _: &State) -> Answer {
        match passage {
            Passage::Begin(Stage::Check | Stage::Prepare) | Passage::Unwind(Stage::Prepare) => Answer::Open,
            Passage::Begin(stage) => Answer::Wait {
                need: format!("the word that {stage} may begin, which this executor can't take yet"),
                hint: "use an airlift-node that knows receipts and release codes".to_owned(),
            },
            Passage::Unwind(stage) => Answer::Wait {
                need: format!("the word that {stage} may be undone, which this executor can't take yet"),
                hint: "use an airlift-node that knows receipts and release codes".to_owned(),
            },
        }
    }
}
