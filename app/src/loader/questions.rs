//! Which answers a page still takes, when questions overtake each other. Needs no browser.

/// Why a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// Something else is asked for, or again by hand: what was asked before is void.
    OfThePage,
    /// The server says that something changed: answers to earlier questions are only a little old, and all that there is
    /// where events come faster than answers.
    OfAnEvent,
}

/// The questions of one value, numbered.
#[derive(Debug, Default)]
pub(super) struct Questions {
    newest: u32,
    /// Answers to questions before this one are too old.
    oldest: u32,
}

impl Questions {
    /// Numbers a question.
    pub(super) fn ask(&mut self, because: Because) -> u32 {
        self.newest += 1;
        if because == Because::OfThePage {
            self.oldest = self.newest;
        }
        self.newest
    }

    /// Whether none was asked since.
    pub(super) fn is_newest(&self, number: u32) -> bool {
        self.newest == number
    }

    /// Whether the answer to a question is shown; then no older one is any more.
    pub(super) fn takes(&mut self, number: u32) -> bool {
        let taken = number >= self.oldest;
        if taken {
            self.oldest = number;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_an_event_overtook_is_shown_until_a_newer_one_is_there() {
        let mut questions = Questions::default();
        let first = questions.ask(Because::OfAnEvent);
        let second = questions.ask(Because::OfAnEvent);
        let third = questions.ask(Because::OfAnEvent);
        assert!(!questions.is_newest(first) && questions.is_newest(third));
        // answers come slower than events: each is shown as it comes
        assert!(questions.takes(first));
        assert!(questions.takes(third));
        // and one that was overtaken on its way is not shown over a newer one
        assert!(!questions.takes(second));
    }

    #[test]
    fn an_answer_to_what_is_not_asked_any_more_is_never_shown() {
        let mut questions = Questions::default();
        let one_system = questions.ask(Because::OfAnEvent);
        let the_other = questions.ask(Because::OfThePage);
        assert!(!questions.takes(one_system));
        let changed = questions.ask(Because::OfAnEvent);
        assert!(questions.takes(the_other));
        assert!(questions.takes(changed));
        assert!(!questions.takes(the_other));
    }
}
