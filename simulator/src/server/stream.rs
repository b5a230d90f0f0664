//! Purpose: server-sent events for the playground page: what happens, as far as one person may know it.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State as Extract},
    response::sse::{Event as Line, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{Event, ids::Id};

use super::{Fail, State, state::Viewer};

pub(super) async fn events(
    Extract(state): Extract<State>,
    Query(viewer): Query<Viewer>,
) -> Result<Sse<impl Stream<Item = Result<Line, Infallible>>>, Fail> {
    let me = state.with(|sim| viewer.id(sim))?;
    let watch = Watch { receiver: state.events.subscribe(), state, me };
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((Ok(line), watch))
    });
    Ok(Sse::new(lines).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Watch {
    receiver: Receiver<Event>,
    state: State,
    me: Id,
}

impl Watch {
    /// The next thing this person may know; nothing when the server ends.
    async fn next(&mut self) -> Option<Line> {
        loop {
            match self.receiver.recv().await {
                Ok(event) if self.sees(&event) => return Some(line(&event)),
                Ok(_) => {}
                // What was missed is unknown, so everything is read anew.
                Err(RecvError::Lagged(_)) => return Some(line(&Event::state())),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn sees(&self, event: &Event) -> bool {
        if event.only_for.is_some_and(|only| only != self.me) {
            return false;
        }
        let Some(channel) = event.channel else {
            return true;
        };
        self.state.with(|sim| sim.can_read(self.me, channel))
    }
}

fn line(event: &Event) -> Line {
    let mut data = event.data.clone();
    if !data.is_object() {
        data = json!({});
    }
    data["kind"] = json!(event.kind);
    Line::default().data(data.to_string())
}
