//! Purpose: the whole process: starts the parts in the right order, flushes, and stops them without losing anything.

use crate::{
    clock::Clock,
    discord::{self, Discord},
    identify::Ledger,
    intents,
    logins::Logins,
    options::Options,
    pipeline::{Extent, Pipeline, Report, Rules},
    sender::{Sender, backoff},
    shard::Holder,
    sharding::Held,
    status::{Status, Table},
    store::{self, Store},
    watch as watching,
};
use muster_core::guild_config::GuildConfig;
use muster_protocol::{Answer, GuildSettings};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use twilight_gateway::Intents;

/// How long the first configuration is waited for before logging in with what is known.
const FIRST_POLL: Duration = Duration::from_secs(5);
/// How long shards may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(4);
/// How long batches are still sent after that.
const LAST_SENDING: Duration = Duration::from_secs(5);

/// What all tasks share.
pub struct Shared {
    pub options: Options,
    pub held: Held,
    pub clock: Clock,
    pub status: Arc<Status>,
    /// The intents that are asked for.
    pub intents: watch::Sender<Intents>,
    /// True: shards close their connections.
    pub stop: watch::Sender<bool>,
    /// True: the sender ends, too.
    pub stopping: watch::Sender<bool>,
    pub to_flush: Notify,
    pub to_send: Notify,
    pipeline: Mutex<Pipeline>,
    store: Mutex<Store>,
    discord: Discord,
    /// Intents that Discord refused.
    off: Mutex<Intents>,
}

/// Why the process could not start, or gave up: a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self(error.to_string())
    }
}

/// Work on the disk, off the threads that carry connections.
pub async fn blocking<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared) -> store::Result<T> + Send + 'static,
) -> store::Result<T> {
    let shared = shared.clone();
    let done = tokio::task::spawn_blocking(move || work(&shared)).await;
    done.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
}

/// Until it is said; also when nobody is left to say it.
pub async fn told(receiver: &mut watch::Receiver<bool>) {
    let _ = receiver.wait_for(|said| *said).await;
}

impl Shared {
    pub fn pipeline(&self) -> MutexGuard<'_, Pipeline> {
        self.pipeline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status, with what changes too often to be written each time.
    pub fn status_now(&self) -> Table {
        let mut table = self.status.table();
        let pipeline = self.pipeline();
        for (number, shard) in &mut table.shards {
            shard.sequence = pipeline.sequence(*number);
        }
        (table.counters, table.guilds, table.members) =
            (pipeline.counters(), pipeline.guild_count(), pipeline.member_count());
        table.clock_offset_ms = self.clock.offset_ms();
        table.intents = intents::names(*self.intents.borrow());
        table
    }

    /// Gives up: the process ends with this sentence.
    pub fn fail(&self, sentence: &str) {
        tracing::error!("{sentence}");
        self.status.update(|status| status.fatal.get_or_insert_with(|| sentence.to_owned()).len());
        self.stop.send_replace(true);
    }

    /// Goes on without these intents.
    pub fn leave_off(&self, refused: Intents) {
        let off = {
            let mut off = self.off.lock().unwrap_or_else(PoisonError::into_inner);
            *off |= refused;
            *off
        };
        for sentence in intents::missed(off) {
            tracing::error!("{sentence}");
        }
        self.status.update(|status| status.intents_off = intents::missed(off));
        self.ask_for_intents();
    }

    /// What the application may see, if Discord says so.
    pub async fn application_flags(&self) -> Option<u64> {
        self.discord.application().await.ok()?.flags
    }

    fn ask_for_intents(&self) {
        let off = *self.off.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = {
            let mut pipeline = self.pipeline();
            pipeline.set_text_visible(!off.contains(Intents::MESSAGE_CONTENT));
            intents::for_needs(pipeline.needs()) - off
        };
        self.intents.send_if_modified(|current| std::mem::replace(current, asked) != asked);
    }

    /// Puts configurations in force.
    fn apply(&self, configs: Vec<GuildSettings>) {
        if configs.is_empty() {
            return;
        }
        {
            let mut pipeline = self.pipeline();
            for config in configs.into_iter().filter(|config| self.held.holds(config.guild)) {
                match serde_json::from_value::<GuildConfig>(config.settings) {
                    Ok(document) => pipeline.set_rules(config.guild, Rules::of(document)),
                    Err(error) => {
                        tracing::error!(guild = %config.guild, %error, "a configuration cannot be read; the last one holds on");
                    }
                }
            }
        }
        self.ask_for_intents();
    }

    /// What follows from an answer to batch `number`.
    pub fn take_answer(&self, number: u64, answer: Answer) -> store::Result<()> {
        let mut store = self.store();
        if answer.taken > store.number() {
            tracing::error!(
                taken = answer.taken,
                known = store.number(),
                "the Worker knows later batches than this state folder made: it was put back; numbering begins anew"
            );
            store.renew_source()?;
        } else if number > 0 {
            store.taken(answer.taken)?;
        }
        let news = store.keep_configs(answer.configs, answer.configs_until)?;
        let spool = store.spool();
        drop(store);
        self.status.update(|status| {
            status.spool = spool;
            status.disk = None;
        });
        self.apply(news);
        Ok(())
    }

    /// Takes a report and writes it.
    fn flush(&self, unwritten: &mut Option<Report>, everything: bool) -> store::Result<()> {
        let now = self.clock.now();
        let whole = self.store().wants_whole();
        // What could not be written last time comes first: its numbers and its events belong together.
        let report = unwritten.take().unwrap_or_else(|| self.pipeline().report(now, Extent { everything, whole }));
        if report.is_empty() {
            return Ok(());
        }
        let mut store = self.store();
        if let Err(error) = store.commit(&report, now) {
            *unwritten = Some(report);
            return Err(error);
        }
        let spool = store.spool();
        drop(store);
        self.status.update(|status| (status.spool, status.disk) = (spool, None));
        self.to_send.notify_one();
        Ok(())
    }
}

async fn flush_in_turn(shared: Arc<Shared>, logins: Logins) {
    let mut stop = shared.stopping.subscribe();
    let mut unwritten: Option<Report> = None;
    let mut last = (Instant::now(), shared.pipeline().counters().payloads);
    loop {
        let stopping = tokio::select! {
            () = tokio::time::sleep(shared.options.flush) => false,
            () = shared.to_flush.notified() => false,
            () = told(&mut stop) => true,
        };
        let mut report = unwritten.take();
        let flushing = shared.clone();
        let done = tokio::task::spawn_blocking(move || {
            let outcome = flushing.flush(&mut report, stopping);
            (report, outcome)
        });
        match done.await {
            Ok((left, Ok(()))) => unwritten = left,
            Ok((left, Err(error))) => {
                tracing::error!(%error, "a report could not be written; it is kept in memory and tried again");
                shared.status.update(|status| status.disk = Some(error.to_string()));
                unwritten = left;
            }
            Err(error) => tracing::error!(%error, "flushing died"),
        }
        if stopping {
            return;
        }
        let (now, payloads) = (Instant::now(), shared.pipeline().counters().payloads);
        let passed = now.duration_since(last.0).as_secs_f64();
        if passed > 0.5 {
            let rate = payloads.saturating_sub(last.1) as f64 / passed;
            shared.status.update(|status| status.rate = rate);
            last = (now, payloads);
        }
        logins.refresh();
    }
}

/// Tries until Discord answers; a wrong token is final.
async fn ask<T, F: Future<Output = Result<T, discord::Error>>>(what: impl Fn() -> F) -> Result<T, Failure> {
    let mut failures = 0;
    loop {
        match what().await {
            Ok(answer) => return Ok(answer),
            Err(discord::Error::Unauthorized) => return Err(Failure(discord::Error::Unauthorized.to_string())),
            Err(discord::Error::Later(why)) => {
                failures += 1;
                let pause = backoff(failures);
                tracing::warn!(%why, pause_seconds = pause.as_secs_f32(), "Discord cannot be asked now");
                tokio::time::sleep(pause).await;
            }
        }
    }
}

/// A process that runs.
pub struct Running {
    pub shared: Arc<Shared>,
    /// Where metrics are served.
    pub address: SocketAddr,
    shards: Vec<JoinHandle<()>>,
    flusher: JoinHandle<()>,
    sender: JoinHandle<()>,
    http: reqwest::Client,
}

fn client() -> Result<reqwest::Client, Failure> {
    // A provider that is installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.connect_timeout(Duration::from_secs(5)).build().map_err(|error| Failure(error.to_string()))
}

/// How long somebody who asks for health waits.
const CHECK_WITHIN: Duration = Duration::from_secs(3);

/// Asks the process that serves at `listen` how it is.
///
/// # Errors
/// When it is down, or nobody answers.
pub async fn check(listen: SocketAddr) -> Result<(), Failure> {
    // Who listens on all addresses is reached on this machine's own.
    let ip = if listen.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { listen.ip() };
    let url = format!("http://{}/healthz", SocketAddr::new(ip, listen.port()));
    let asked = client()?.get(url).timeout(CHECK_WITHIN).send().await;
    let answer = asked.map_err(|error| Failure(format!("nobody answers at {listen}: {}", error.without_url())))?;
    let is_well = answer.status().is_success();
    is_well.then_some(()).ok_or_else(|| Failure(format!("it is down: see http://{listen}/healthz")))
}

/// Starts everything.
///
/// # Errors
/// When something is wrong that only a person can change.
pub async fn start(options: Options) -> Result<Running, Failure> {
    let http = client()?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(|error| Failure(format!("--listen {}: {error}", options.listen)))?;
    let address = listener.local_addr().map_err(|error| Failure(error.to_string()))?;
    let mut store = Store::open(&options.state_dir, options.spool_max_bytes)?;
    let discord = Discord::new(http.clone(), &options.discord_api, options.token.clone());
    let gateway = ask(|| discord.gateway()).await?;
    let application = ask(|| discord.application()).await?;
    let held = Held::new(&options.shards, gateway.shards());
    if store.application()?.is_some_and(|known| known != application.id) {
        return Err(Failure(format!(
            "The state folder belongs to another bot: give {} its own --state-dir",
            application.id
        )));
    }
    store.set_application(application.id)?;
    store.set_total_shards(held.total);
    let mut pipeline = Pipeline::default();
    store.restore(&mut pipeline)?;
    let clock = Clock::default();
    clock.set_offset(store.clock_offset()?);
    let status = Arc::new(Status::default());
    status.update(|status| status.spool = store.spool());
    let known = store.configs()?;
    let ledger = open_ledger(&options, &application, &gateway)?;
    let logins = Logins::new(ledger, status.clone());
    logins.refresh();
    let shared = Arc::new(Shared {
        held,
        clock,
        status,
        intents: watch::Sender::new(Intents::empty()),
        stop: watch::Sender::new(false),
        stopping: watch::Sender::new(false),
        to_flush: Notify::new(),
        to_send: Notify::new(),
        pipeline: Mutex::new(pipeline),
        store: Mutex::new(store),
        discord,
        off: Mutex::new(Intents::empty()),
        options,
    });
    shared.status.update(|status| status.configs = known.len() as u64);
    shared.apply(known);
    shared.ask_for_intents();
    let serving = watching::router(shared.clone());
    tokio::spawn(async move { axum::serve(listener, serving).await });
    let mut sender = Sender::new(shared.clone(), http.clone());
    sender.first_poll(FIRST_POLL).await;
    let gateway_url = shared.options.gateway_url.clone().unwrap_or(gateway.url);
    let gateway_url = gateway_url.trim_end_matches('/').to_owned();
    let shards = shared.held.shards.clone().map(|number| {
        let holder = Holder::new(shared.clone(), number, gateway_url.clone(), logins.clone());
        tokio::spawn(holder.run())
    });
    let shards = shards.collect();
    let flusher = tokio::spawn(flush_in_turn(shared.clone(), logins));
    let sender = tokio::spawn(sender.run());
    Ok(Running { shared, address, shards, flusher, sender, http })
}

fn open_ledger(
    options: &Options,
    application: &discord::Application,
    gateway: &discord::Gateway,
) -> Result<Ledger, Failure> {
    let application = application.id.to_string();
    let ledger = Ledger::open(&options.identify_file, &application, options.identify_budget, gateway.concurrency());
    ledger.map_err(|error| {
        let path = options.identify_file.display();
        Failure(format!("The identify file {path} cannot be used: {error}. Name another with --identify-file"))
    })
}

impl Running {
    /// Until a shard gives up for good.
    pub async fn failed(&self) -> Failure {
        let mut stop = self.shared.stop.subscribe();
        told(&mut stop).await;
        let fatal = self.shared.status.table().fatal;
        Failure(fatal.unwrap_or_else(|| "stopped".to_owned()))
    }

    /// Says goodbye so that sessions live on, writes what there is, and sends what can be sent in a few seconds.
    pub async fn stop(self) {
        self.shared.stop.send_replace(true);
        for shard in self.shards {
            // A shard that does not end in time has its session on disk all the same.
            let _ = timeout(GOODBYE, shard).await;
        }
        self.shared.stopping.send_replace(true);
        let _ = self.flusher.await;
        let _ = self.sender.await;
        let mut last = Sender::new(self.shared.clone(), self.http);
        let _ = timeout(LAST_SENDING, last.drain()).await;
        let left = self.shared.store().spool().batches;
        tracing::info!(batches_on_disk = left, "stopped");
    }
}
