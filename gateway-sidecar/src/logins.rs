//! Purpose: the queue that every shard stands in before it logs in.

use crate::{
    clock::machine_now,
    identify::{Ledger, Permit},
    status::Status,
};
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::oneshot;
use twilight_gateway::queue::Queue;

/// How often a used-up budget is looked at again: another process may have been given a larger one.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Asks the machine's shared file.
#[derive(Clone)]
pub struct Logins {
    ledger: Arc<Mutex<Ledger>>,
    status: Arc<Status>,
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Logins")
    }
}

impl Logins {
    pub fn new(ledger: Ledger, status: Arc<Status>) -> Self {
        Self { ledger: Arc::new(Mutex::new(ledger)), status }
    }

    /// Asks once, and tells the status.
    fn ask(&self, shard: u32) -> Permit {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let now = machine_now();
        let permit = ledger.ask(shard, now).unwrap_or_else(|error| {
            tracing::error!(%error, "the identify file does not work, so nobody logs in: check --identify-file");
            Permit::Wait(LOOK_AGAIN.as_millis().try_into().unwrap_or(i64::MAX))
        });
        let left = ledger.left(now).unwrap_or(0);
        self.status.update(|status| {
            status.identify_left = left;
            status.identify_spent = matches!(permit, Permit::Spent(_));
        });
        permit
    }

    /// How many logins are left, for the status.
    pub fn refresh(&self) {
        let left = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).left(machine_now());
        if let Ok(left) = left {
            self.status.update(|status| {
                status.identify_left = left;
                status.identify_spent &= left == 0;
            });
        }
    }
}

fn milliseconds(wait: i64) -> Duration {
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}

impl Queue for Logins {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let queue = self.clone();
        tokio::spawn(async move {
            loop {
                // A shard that was closed meanwhile must not use up a login.
                if sender.is_closed() {
                    return;
                }
                match queue.ask(shard) {
                    Permit::Granted => break,
                    Permit::Wait(wait) => tokio::time::sleep(milliseconds(wait)).await,
                    Permit::Spent(wait) => {
                        tracing::error!(
                            shard,
                            next_in_seconds = wait / 1_000,
                            "this machine used up its logins of 24 hours and does not log in, because Discord resets the token at 1,000: find out what keeps it from resuming"
                        );
                        tokio::time::sleep(LOOK_AGAIN.min(milliseconds(wait))).await;
                    }
                }
            }
            // A shard that is gone needs no answer.
            let _ = sender.send(());
        });
        receiver
    }
}
