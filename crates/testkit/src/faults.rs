//! Purpose: SQLite's way of testing: the n-th outside call fails, for n = 1, 2, 3 …, before or after its effect,
//! once or for good; or the whole process dies there.

use std::cell::{Cell, RefCell};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMode {
    /// The call is lost before it does anything.
    FailBefore,
    /// It does its work, and its answer is lost.
    FailAfter,
    /// The process dies before the call.
    DieBefore,
    /// The process dies right after the call took effect.
    DieAfter,
}

#[derive(Debug, Clone, Copy)]
struct Plan {
    nth: u64,
    mode: FaultMode,
    for_good: bool,
}

/// Counts every outside call of a world, of whatever port.
#[derive(Debug, Default)]
pub struct Faults {
    plan: Cell<Option<Plan>>,
    count: Cell<u64>,
    log: RefCell<Vec<String>>,
}

impl Faults {
    /// From now on, the n-th call (1-based) goes wrong.
    pub fn plan(&self, nth: u64, mode: FaultMode, for_good: bool) {
        self.count.set(0);
        self.log.borrow_mut().clear();
        self.plan.set(Some(Plan { nth, mode, for_good }));
    }

    pub fn clear(&self) {
        self.plan.set(None);
    }

    /// How many outside calls there were since the plan was made.
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    /// The calls since the plan was made, for the message of a failing test.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Counts a call and says whether and how it goes wrong. `what` names it for the log.
    pub fn next(&self, what: &str) -> Option<FaultMode> {
        self.count.set(self.count.get() + 1);
        self.log.borrow_mut().push(format!("{} {what}", self.count.get()));
        let plan = self.plan.get()?;
        let strikes = self.count.get() == plan.nth || (plan.for_good && self.count.get() > plan.nth);
        if !strikes {
            return None;
        }
        if matches!(plan.mode, FaultMode::DieBefore | FaultMode::DieAfter) {
            self.plan.set(None);
        }
        Some(plan.mode)
    }
}

/// A dead process: whoever waits for it waits for ever, until the story drops it.
pub async fn die() -> ! {
    std::future::pending::<()>().await;
    unreachable!("a dead process does nothing")
}
