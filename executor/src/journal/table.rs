//! Which record may follow which: one table, asked by the writer and by the reader.

use airlift_bundle::gate::Stage;
use airlift_bundle::gate::state::Event;

use super::record::Record;

/// Where a node stands, as far as the order of records is concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// No set was ever taken.
    #[default]
    Empty,
    /// No stage is under way: the node stands at a gate.
    Rest,
    /// In a stage, between two steps.
    Forward,
    /// In a step.
    Doing,
    /// The stage under way is being undone, between two steps.
    Failing,
    /// The stage under way is being undone, in a step.
    UndoingFailed,
    /// On the way back, between two stages.
    Back,
    /// On the way back, in a stage, between two steps.
    Unwinding,
    /// On the way back, in a step.
    UndoingBack,
    /// All is undone; what was kept is still there.
    Returned,
    /// What was kept is being removed, on the way back.
    PurgingBack,
    /// Both stacks are being cleared away, on a host that the site went on without.
    LeavingOut,
    /// The last stage is done, or both stacks are gone; what was kept is still there.
    Removed,
    /// What was kept is being removed, at the end.
    PurgingEnd,
    /// All is done; no way back.
    Committed,
}

impl At {
    /// Whether the stage under way is being undone, and the node stays on its way forward.
    #[must_use]
    pub const fn is_failing(self) -> bool {
        matches!(self, Self::Failing | Self::UndoingFailed)
    }
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// [`Record::Accept`]
    Accept,
    /// [`Record::Begin`]
    Begin,
    /// [`Record::Skip`]
    Skip,
    /// [`Record::Do`]
    Do,
    /// [`Record::Done`]
    Done,
    /// [`Record::End`] of any stage but the last
    End,
    /// [`Record::End`] of `commit`
    EndAll,
    /// [`Record::Fail`]
    Fail,
    /// [`Record::Undo`]
    Undo,
    /// [`Record::Undone`]
    Undone,
    /// [`Record::Cleared`]
    Cleared,
    /// [`Record::Rollback`]
    Rollback,
    /// [`Record::Unwind`]
    Unwind,
    /// [`Record::Purge`]
    Purge,
    /// [`Record::Purged`]
    Purged,
    /// [`Record::Boot`]
    Boot,
    /// [`Record::Returned`]
    Returned,
    /// [`Record::Recovery`]
    Recovery,
    /// [`Record::Protocol`] of anything but these two
    Protocol,
    /// [`Record::Protocol`]: `commit --left-out` begins
    LeaveOut,
    /// [`Record::Protocol`]: it is done
    LeftOut,
}

impl Mark {
    /// Whether it leads further into the migration: what an operator can do without on a full disk.
    pub(super) const fn leads_on(self) -> bool {
        matches!(
            self,
            Self::Accept | Self::Begin | Self::Skip | Self::Do | Self::Done | Self::End | Self::EndAll
        )
    }
}

/// Every record that may come, by where the node stands, and where it stands then.
#[rustfmt::skip]
pub const TABLE: &[(At, Mark, At)] = &[
    (At::Empty,         Mark::Accept,   At::Rest),
    (At::Rest,          Mark::Accept,   At::Rest),
    (At::Rest,          Mark::Boot,     At::Rest),
    (At::Rest,          Mark::Protocol, At::Rest),
    (At::Rest,          Mark::Recovery, At::Rest),
    // forward
    (At::Rest,          Mark::Begin,    At::Forward),
    (At::Forward,       Mark::Skip,     At::Forward),
    (At::Forward,       Mark::Do,       At::Doing),
    (At::Doing,         Mark::Done,     At::Forward),
    (At::Doing,         Mark::Skip,     At::Forward),       // found in the way of a crash: undone, and in effect all the same
    (At::Doing,         Mark::Do,       At::Doing),         // begun before a crash: taken back, and begun again
    (At::Forward,       Mark::End,      At::Rest),
    // on the way: another boot, words of others, k0s let run again after a reboot
    (At::Forward,       Mark::Boot,     At::Forward),
    (At::Forward,       Mark::Protocol, At::Forward),
    (At::Doing,         Mark::Boot,     At::Doing),
    (At::Doing,         Mark::Protocol, At::Doing),
    (At::Forward,       Mark::Recovery, At::Forward),
    (At::Doing,         Mark::Recovery, At::Doing),
    // a corrected set for a stage that was interrupted, equal as far as the node stands
    (At::Forward,       Mark::Accept,   At::Forward),
    (At::Doing,         Mark::Accept,   At::Doing),
    // a stage fails
    (At::Forward,       Mark::Fail,     At::Failing),
    (At::Doing,         Mark::Fail,     At::Failing),
    (At::Failing,       Mark::Undo,     At::UndoingFailed),
    (At::UndoingFailed, Mark::Undone,   At::Failing),
    (At::Failing,       Mark::Cleared,  At::Rest),
    (At::Failing,       Mark::Boot,     At::Failing),
    (At::Failing,       Mark::Protocol, At::Failing),
    (At::Failing,       Mark::Recovery, At::Failing),
    (At::UndoingFailed, Mark::Boot,     At::UndoingFailed),
    (At::UndoingFailed, Mark::Protocol, At::UndoingFailed),
    (At::UndoingFailed, Mark::Recovery, At::UndoingFailed),
    // the way back
    (At::Rest,          Mark::Rollback, At::Back),
    (At::Back,          Mark::Boot,     At::Back),
    (At::Back,          Mark::Protocol, At::Back),
    (At::Back,          Mark::Recovery, At::Back),
    (At::Back,          Mark::Unwind,   At::Unwinding),
    (At::Unwinding,     Mark::Undo,     At::UndoingBack),
    (At::UndoingBack,   Mark::Undone,   At::Unwinding),
    (At::Unwinding,     Mark::Cleared,  At::Back),
    (At::Unwinding,     Mark::Boot,     At::Unwinding),
    (At::Unwinding,     Mark::Protocol, At::Unwinding),
    (At::Unwinding,     Mark::Recovery, At::Unwinding),
    (At::UndoingBack,   Mark::Boot,     At::UndoingBack),
    (At::UndoingBack,   Mark::Protocol, At::UndoingBack),
    (At::UndoingBack,   Mark::Recovery, At::UndoingBack),
    (At::Back,          Mark::Returned, At::Returned),
    (At::Returned,      Mark::Purge,    At::PurgingBack),
    (At::Rest,          Mark::Purge,    At::PurgingBack),   // a set that was taken for the next attempt goes again
    (At::PurgingBack,   Mark::Purged,   At::Rest),
    // a host that the site went on without, from wherever it stands
    (At::Rest,          Mark::LeaveOut, At::LeavingOut),
    (At::Forward,       Mark::LeaveOut, At::LeavingOut),
    (At::Doing,         Mark::LeaveOut, At::LeavingOut),
    (At::Failing,       Mark::LeaveOut, At::LeavingOut),
    (At::UndoingFailed, Mark::LeaveOut, At::LeavingOut),
    (At::Back,          Mark::LeaveOut, At::LeavingOut),
    (At::Unwinding,     Mark::LeaveOut, At::LeavingOut),
    (At::UndoingBack,   Mark::LeaveOut, At::LeavingOut),
    (At::LeavingOut,    Mark::Boot,     At::LeavingOut),
    (At::LeavingOut,    Mark::LeftOut,  At::Removed),
    // the end
    (At::Forward,       Mark::EndAll,   At::Removed),
    (At::Removed,       Mark::Purge,    At::PurgingEnd),
    (At::PurgingEnd,    Mark::Purged,   At::Committed),
];

/// Where a node stands after a record of this kind; `None` when it may not come.
#[must_use]
pub fn next(at: At, mark: Mark) -> Option<At> {
    TABLE.iter().find(|(from, found, _)| (*from, *found) == (at, mark)).map(|(_, _, to)| *to)
}

impl Record {
    /// The kind of the record.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        match self {
            Self::Accept(_) => Mark::Accept,
            Self::Begin { .. } => Mark::Begin,
            Self::Skip { .. } => Mark::Skip,
            Self::Do { .. } => Mark::Do,
            Self::Done { .. } => Mark::Done,
            Self::End { stage: Stage::Commit } => Mark::EndAll,
            Self::End { .. } => Mark::End,
            Self::Fail { .. } => Mark::Fail,
            Self::Undo { .. } => Mark::Undo,
            Self::Undone { .. } => Mark::Undone,
            Self::Cleared { .. } => Mark::Cleared,
            Self::Rollback {} => Mark::Rollback,
            Self::Unwind { .. } => Mark::Unwind,
            Self::Purge {} => Mark::Purge,
            Self::Purged {} => Mark::Purged,
            Self::Boot { .. } => Mark::Boot,
            Self::Returned {} => Mark::Returned,
            Self::Recovery { .. } => Mark::Recovery,
            Self::Protocol { event: Event::LeaveOut, .. } => Mark::LeaveOut,
            Self::Protocol { event: Event::LeftOut, .. } => Mark::LeftOut,
            Self::Protocol { .. } => Mark::Protocol,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_answers_each_question_once() {
        let questions: BTreeSet<_> = TABLE.iter().map(|(at, mark, _)| (*at, *mark)).collect();
        assert_eq!(questions.len(), TABLE.len());
    }

    #[test]
    fn every_place_is_reached_and_all_but_the_last_are_left() {
        let mut reached = BTreeSet::from([At::Empty]);
        loop {
            let more: Vec<At> =
                TABLE.iter().filter(|(from, ..)| reached.contains(from)).map(|(.., to)| *to).collect();
            let before = reached.len();
            reached.extend(more);
            if reached.len() == before {
                break;
            }
        }
        let all: BTreeSet<At> = TABLE.iter().flat_map(|(from, _, to)| [*from, *to]).collect();
        assert_eq!(reached, all);
        for at in all {
            assert_eq!(
                TABLE.iter().any(|(from, _, to)| *from == at && *to != at),
                at != At::Committed,
                "{at:?}"
            );
        }
    }

    #[test]
    fn nothing_is_done_without_a_word_before_it() {
        // whatever says that something happened comes only where its announcement stands
        for (at, mark, _) in TABLE {
            match mark {
                Mark::Done => assert_eq!(*at, At::Doing),
                Mark::Undone => assert!(matches!(at, At::UndoingFailed | At::UndoingBack)),
                Mark::Purged => assert!(matches!(at, At::PurgingBack | At::PurgingEnd)),
                Mark::LeftOut => assert_eq!(*at, At::LeavingOut),
                _ => {}
            }
        }
    }
}
