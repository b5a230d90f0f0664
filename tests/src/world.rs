//! Purpose: `World`: people act through the simulator's client, Muster's doors answer, time passes.

use crate::gateway;
use crate::ports::{
    Armed, Outside, Queued, StoryBlob, StoryDb, StoryHttp, StoryKv, StoryLeaderboards, StoryLog, StoryQueue,
    StoryTimers, timer_key,
};
use muster_core::{
    Ctx, JobOutcome,
    ctx::{Memory, Settings},
    guild_config,
    identity::{SessionKeys, WebSettings},
    ports::{Blob, Clock, Timer},
    registration,
    social::{Apps, Kind},
    timers::{self, Wake},
    vault::Vault,
    xp::LevelSettings,
};
use muster_sim::{Answer, Choice, Delivery, Message, Modal, NewFile, Refusal, Sim, SimOptions, openapi::OpenApi};
use muster_testkit::{Faults, MovedClock, SeededRng, SqliteDb};
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::OnceLock,
};
use tokio::sync::Notify;
use twilight_model::id::{
    Id,
    marker::{ChannelMarker, GuildMarker, RoleMarker},
};

/// The demo guild's name.
pub const DEMO: &str = muster_sim::DEMO_GUILD;
const CRON_MS: i64 = 60_000;

/// What a person sees after acting.
#[derive(Debug, Clone)]
pub struct Seen {
    /// All the text of the answer, or of the refusal the client shows.
    pub text: String,
    pub private: bool,
    pub message: Option<Message>,
    pub modal: Option<Modal>,
    /// The interaction that was delivered, for delivering it again.
    pub interaction_id: String,
}

impl Seen {
    #[track_caller]
    pub fn says(&self, part: &str) -> &Self {
        assert!(self.text.contains(part), "expected “{part}” in:\n{}", self.text);
        self
    }
}

pub struct World {
    pub sim: Rc<RefCell<Sim>>,
    pub db: Rc<SqliteDb>,
    pub clock: Rc<MovedClock>,
    pub story_db: Rc<StoryDb>,
    pub log: Rc<StoryLog>,
    outside: Rc<Outside>,
    queue: Rc<StoryQueue>,
    timers: Rc<StoryTimers>,
    leaderboards: Rc<StoryLeaderboards>,
    http: Rc<StoryHttp>,
    kv: Rc<StoryKv>,
    pub blob: Rc<StoryBlob>,
    /// Whether this deployment has a bucket.
    pub has_bucket: Cell<bool>,
    rng: Rc<SeededRng>,
    settings: RefCell<Rc<Settings>>,
    /// Media type and bytes of pictures elsewhere on the web, by address.
    pub(crate) pictures: RefCell<BTreeMap<String, (String, Vec<u8>)>>,
    memory: RefCell<Rc<Memory>>,
    /// Tokens of delivered interactions: secrets that no log may hold.
    tokens: RefCell<Vec<String>>,
    /// Whether alarms and the queue deliver by themselves; the sweeper's stories switch them off.
    pub alarms_work: Cell<bool>,
    pub queue_works: Cell<bool>,
}

/// The platforms of the stand-in, out of the settings that it prints for a Worker.
fn social_apps() -> Apps {
    let env = World::social_env();
    let base = |name: &str, default: &str| env.get(name).cloned().unwrap_or_else(|| default.to_owned());
    let of = |kind: Kind| Some((kind, kind.app(env.get(&format!("SOCIAL_{}", kind.key().to_uppercase()))?, base)?));
    Kind::ALL.into_iter().filter_map(of).collect()
}

impl World {
    /// The demo guilds, with Muster installed and its commands registered.
    pub async fn new() -> Self {
        let options = SimOptions { base_url: "http://discord.test".to_owned(), ..SimOptions::default() };
        let now = i64::try_from(options.now_ms).unwrap_or(0);
        let mut sim = Sim::new(options);
        sim.seed_demo();
        sim.add_redirect_uri("https://muster.test/auth/callback");
        sim.add_redirect_base("https://muster.test/");
        if let Some(document) = openapi() {
            sim.check_openapi(document);
        }
        let settings = Settings {
            application_id: sim.application_id().parse().expect("an id"),
            bot_token: sim.bot_token().to_owned(),
            gateway_keys: vec![gateway::key()],
            discord_api: "http://discord.test/api/v10".to_owned(),
            discord_web: "http://discord.test".to_owned(),
            discord_cdn: "http://discord.test/cdn".to_owned(),
            public_url: "https://muster.test".to_owned(),
            commands_guild: None,
            version: "0.0.0".to_owned(),
            social: social_apps(),
            web: Some(WebSettings {
                client_secret: SimOptions::default().client_secret,
                session_keys: Rc::new(SessionKeys::parse(&format!("a:{}", "01".repeat(32))).expect("a key")),
                vault: Rc::new(Vault::parse(&format!("a:{}", "02".repeat(32))).expect("a key")),
            }),
        };
        let clock = Rc::new(MovedClock::new(now));
        let outside = Rc::new(Outside {
            faults: Faults::default(),
            clock: clock.clone(),
            died: Notify::new(),
            turns: Cell::default(),
        });
        let sim = Rc::new(RefCell::new(sim));
        let db = Rc::new(SqliteDb::new());
        let story_db = Rc::new(StoryDb {
            db: db.clone(),
            outside: outside.clone(),
            stall_ms: Cell::new(0),
            round_trips: Cell::new(0),
            statements: Cell::new(0),
        });
        let world = Self {
            leaderboards: Rc::new(StoryLeaderboards {
                db: story_db.clone(),
                outside: outside.clone(),
                kept: RefCell::default(),
            }),
            story_db,
            queue: Rc::new(StoryQueue { outside: outside.clone(), waiting: RefCell::default() }),
            timers: Rc::new(StoryTimers { outside: outside.clone(), armed: RefCell::new(BTreeMap::new()) }),
            http: Rc::new(StoryHttp { sim: sim.clone(), outside: outside.clone() }),
            kv: Rc::new(StoryKv { outside: outside.clone(), values: RefCell::default() }),
            blob: Rc::new(StoryBlob {
                outside: outside.clone(),
                objects: RefCell::default(),
                is_down: Cell::default(),
            }),
            has_bucket: Cell::new(true),
            log: Rc::default(),
            rng: Rc::new(SeededRng::new(7)),
            settings: RefCell::new(Rc::new(settings)),
            pictures: RefCell::default(),
            memory: RefCell::default(),
            tokens: RefCell::default(),
            alarms_work: Cell::new(true),
            queue_works: Cell::new(true),
            sim,
            db,
            clock,
            outside,
        };
        registration::register(&world.ctx(), None).await.expect("commands register");
        world
    }

    pub fn faults(&self) -> &Faults {
        &self.outside.faults
    }

    /// The process is replaced: everything an isolate remembers is gone.
    pub fn restart(&self) {
        self.in_isolate(Rc::default());
    }

    /// From now on another isolate answers, with a memory of its own. Gives the one that answered until now.
    pub fn in_isolate(&self, memory: Rc<Memory>) -> Rc<Memory> {
        self.memory.replace(memory)
    }

    /// Outside calls take turns from now on, differently for each seed: doors that run at once get in each other's way.
    pub fn interleave(&self, seed: u64) {
        self.outside.turns.set(Some(seed));
    }

    pub fn ctx(&self) -> Ctx {
        Ctx {
            db: self.story_db.clone(),
            http: self.http.clone(),
            queue: self.queue.clone(),
            timers: self.timers.clone(),
            leaderboards: self.leaderboards.clone(),
            kv: self.kv.clone(),
            blob: self.has_bucket.get().then(|| self.blob.clone() as Rc<dyn Blob>),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            log: self.log.clone(),
            settings: self.settings.borrow().clone(),
            memory: self.memory.borrow().clone(),
            reads: Rc::default(),
            after: Rc::default(),
        }
    }

    /// A new key seals Discord's tokens from now on; the old one still opens.
    pub fn rotate_token_keys(&self) {
        let mut settings = self.settings.borrow().as_ref().clone();
        if let Some(web) = &mut settings.web {
            let keys = format!("b:{},a:{}", "03".repeat(32), "02".repeat(32));
            web.vault = Rc::new(Vault::parse(&keys).expect("two keys"));
        }
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    /// Whoever runs Muster notes that a platform granted the application something: `analytics` and the like.
    pub fn note_grant(&self, kind: Kind, grant: &str) {
        let mut settings = self.settings.borrow().as_ref().clone();
        let of = settings.social.iter_mut().find(|(of, _)| *of == kind);
        of.expect("a platform that is set up").1.grants.push(grant.to_owned());
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    /// Whoever runs Muster mistypes the secret of an application, or puts the right one back.
    pub fn set_app_secret(&self, kind: Kind, secret: &str) -> String {
        let mut settings = self.settings.borrow().as_ref().clone();
        let of = settings.social.iter_mut().find(|(of, _)| *of == kind).expect("a platform that is set up");
        let before = std::mem::replace(&mut of.1.client_secret, secret.to_owned());
        *self.settings.borrow_mut() = Rc::new(settings);
        before
    }

    /// Whoever runs Muster mistypes the keys for tokens, or puts the right ones back.
    pub fn set_token_keys(&self, keys: &str) {
        let mut settings = self.settings.borrow().as_ref().clone();
        settings.web.as_mut().expect("the dashboard").vault = Rc::new(Vault::parse(keys).expect("keys"));
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    /// Whoever runs Muster has an application with Facebook Login for Instagram.
    pub fn use_facebook_login(&self) {
        let env = Self::social_env();
        let base = |name: &str, _: &str| env[name].clone();
        let app = Kind::Instagram.app(&env["FACEBOOK_APP"], base).expect("an application");
        let mut settings = self.settings.borrow().as_ref().clone();
        let of = settings.social.iter_mut().find(|(of, _)| *of == Kind::Instagram);
        of.expect("Instagram").1 = app;
        *self.settings.borrow_mut() = Rc::new(settings);
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    pub(crate) fn tell_sim_the_time(&self) {
        self.sim.borrow_mut().set_now(u64::try_from(self.now()).unwrap_or(0));
    }

    /// Runs until done, or until a fault killed the process.
    pub(crate) async fn live<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.outside.died.notified() => { self.restart(); None }
            done = future => Some(done),
        }
    }

    pub(crate) async fn run_after(&self, ctx: &Ctx) {
        loop {
            let work: Vec<_> = ctx.after.borrow_mut().drain(..).collect();
            if work.is_empty() {
                return;
            }
            for one in work {
                if self.live(one).await.is_none() {
                    return;
                }
            }
        }
    }

    /// Delivers an interaction as Discord does: the answer first, then what Muster does after it.
    pub async fn deliver(&self, who: &str, delivery: Delivery) -> Seen {
        let ctx = self.ctx();
        let answered = self.live(muster_core::interaction(&ctx, &delivery.body)).await;
        self.tell_sim_the_time();
        self.tokens.borrow_mut().push(delivery.token.clone());
        let result = match answered {
            Some(answer) => {
                assert_pings_nobody_by_default(&answer.body);
                self.sim.borrow_mut().answer(&delivery.interaction_id, answer.status, answer.body.as_bytes())
            }
            None => Err(Refusal {
                code: "did_not_respond",
                message: "The application did not respond".to_owned(),
                detail: String::new(),
            }),
        };
        self.run_after(&ctx).await;
        self.tell_sim_the_time();
        self.seen(who, delivery, result)
    }

    fn seen(&self, who: &str, delivery: Delivery, result: Result<Answer, Refusal>) -> Seen {
        let mut seen = Seen {
            text: String::new(),
            private: false,
            message: None,
            modal: None,
            interaction_id: delivery.interaction_id,
        };
        match result {
            Ok(Answer::Message(message) | Answer::Updated(message)) => {
                seen.text = message.text();
                seen.private = message.is_ephemeral();
                seen.message = Some(message);
            }
            Ok(Answer::Deferred { ephemeral }) => {
                seen.private = ephemeral;
                let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
                let channel = body["channel_id"].as_str().unwrap_or_default().to_owned();
                seen.message = self.sim.borrow().last_message(&channel, Some(who));
                seen.text = seen.message.as_ref().map(Message::text).unwrap_or_default();
            }
            Ok(Answer::Modal(modal)) => {
                seen.text.clone_from(&modal.title);
                seen.modal = Some(modal);
            }
            Ok(Answer::Choices(choices)) => {
                seen.text = choices.iter().map(|choice| choice.name.as_str()).collect::<Vec<_>>().join("\n");
            }
            Ok(_) => {}
            Err(refusal) => seen.text = format!("{} {}", refusal.message, refusal.detail),
        }
        seen
    }

    /// Types a slash command; a refusal of the client itself comes back as what the person sees.
    pub async fn slash(&self, who: &str, channel: &str, line: &str) -> Seen {
        self.tell_sim_the_time();
        let delivery = self.sim.borrow_mut().slash(who, channel, line);
        self.act(who, delivery).await
    }

    /// The same with a file for the command's attachment option.
    pub async fn slash_with_file(&self, who: &str, channel: &str, line: &str, file: &NewFile) -> Seen {
        self.tell_sim_the_time();
        let delivery = self.sim.borrow_mut().slash_with_file(who, channel, line, file);
        self.act(who, delivery).await
    }

    /// Uses a command given as an object, for values that a line cannot spell.
    pub async fn command(&self, who: &str, channel: &str, command: Value) -> Seen {
        self.tell_sim_the_time();
        let delivery = self.sim.borrow_mut().command(who, channel, command);
        self.act(who, delivery).await
    }

    /// What is suggested while `typed` stands in an option; `path` leads to it: `["config", "set", "value"]`. `given`
    /// are the options already filled in.
    pub async fn suggestions(&self, who: &str, path: &[&str], given: &[(&str, &str)], typed: &str) -> Vec<Choice> {
        let [command, groups @ .., option] = path else { panic!("a command and an option are needed: {path:?}") };
        let mut options: Vec<Value> =
            given.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        options.push(json!({ "name": option, "value": typed, "focused": true }));
        let options =
            groups.iter().rev().fold(json!(options), |inner, name| json!([{ "name": name, "options": inner }]));
        self.tell_sim_the_time();
        let asked = json!({ "name": command, "options": options });
        let delivery = self.sim.borrow_mut().autocomplete(who, "#general", asked).expect("the client asks");
        let ctx = self.ctx();
        let answer = muster_core::interaction(&ctx, &delivery.body).await;
        let taken = self.sim.borrow_mut().answer(&delivery.interaction_id, answer.status, answer.body.as_bytes());
        match taken {
            Ok(Answer::Choices(choices)) => choices,
            other => panic!("no suggestions but {other:?} from {}", answer.body),
        }
    }

    async fn act(&self, who: &str, delivery: Result<Delivery, Refusal>) -> Seen {
        match delivery {
            Ok(delivery) => self.deliver(who, delivery).await,
            Err(refusal) => Seen {
                text: format!("{refusal}"),
                private: true,
                message: None,
                modal: None,
                interaction_id: String::new(),
            },
        }
    }

    /// Presses the button of a message whose label starts like `label`.
    pub async fn press(&self, who: &str, message_id: &str, label: &str) -> Seen {
        self.tell_sim_the_time();
        let custom_id = self.custom_id(message_id, label);
        let delivery = self.sim.borrow_mut().press(who, message_id, &custom_id);
        self.act(who, delivery).await
    }

    /// Chooses an option, by its value, in the select of a message.
    pub async fn choose(&self, who: &str, message_id: &str, value: &str) -> Seen {
        self.tell_sim_the_time();
        let message = self.sim.borrow().message(message_id).expect("the message is there");
        let select = message.components().into_iter().find(|component| component["type"] == 3).cloned();
        let custom_id = select.map(|select| select["custom_id"].as_str().unwrap_or_default().to_owned());
        let custom_id = custom_id.unwrap_or_else(|| panic!("no select on:\n{}", message.text()));
        let delivery = self.sim.borrow_mut().select(who, message_id, &custom_id, &[value.to_owned()]);
        self.act(who, delivery).await
    }

    /// The same press as a signed delivery, to be delivered as often as a story wants.
    pub fn press_delivery(&self, who: &str, message_id: &str, label: &str) -> Delivery {
        self.tell_sim_the_time();
        let custom_id = self.custom_id(message_id, label);
        self.sim.borrow_mut().press(who, message_id, &custom_id).expect("the button can be pressed")
    }

    /// Chooses in the select of a message whose custom id ends with `select`, or has it as its action.
    pub async fn choose_in(&self, who: &str, message_id: &str, select: &str, values: &[&str]) -> Seen {
        self.tell_sim_the_time();
        let message = self.sim.borrow().message(message_id).expect("the message is there");
        let rows = message.json["components"].as_array().cloned().unwrap_or_default();
        let ids = rows.iter().filter_map(|row| row["components"][0]["custom_id"].as_str());
        let is_it = |id: &&str| id.ends_with(select) || id.contains(&format!(":{select}:"));
        let custom_id = ids.into_iter().find(is_it).expect("such a select").to_owned();
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let delivery = self.sim.borrow_mut().select(who, message_id, &custom_id, &values);
        self.act(who, delivery).await
    }

    #[track_caller]
    fn custom_id(&self, message_id: &str, label: &str) -> String {
        let message = self.sim.borrow().message(message_id).expect("the message is there");
        let buttons = message.buttons();
        let found = buttons.iter().find(|b| b["label"].as_str().is_some_and(|text| text.starts_with(label)));
        found
            .and_then(|b| b["custom_id"].as_str())
            .unwrap_or_else(|| panic!("no button {label} on:\n{}", message.text()))
            .to_owned()
    }

    pub async fn submit(&self, who: &str, modal: &Modal, fields: &[(&str, &str)]) -> Seen {
        self.tell_sim_the_time();
        let delivery = self.sim.borrow_mut().submit_modal(who, &modal.id, fields);
        self.act(who, delivery).await
    }

    pub async fn forge(&self, who: &str, channel: &str, message_id: &str, custom_id: &str) -> Seen {
        self.tell_sim_the_time();
        let delivery = self.sim.borrow_mut().forge_component(who, channel, message_id, custom_id, &[]);
        self.act(who, delivery).await
    }

    /// Lets time pass; alarms, queue and cron do their work when it comes.
    pub async fn advance(&self, milliseconds: i64) {
        let target = self.now() + milliseconds;
        while let Some(next) = self.next_event().filter(|next| *next <= target) {
            self.move_to(next).await;
            self.settle().await;
        }
        self.move_to(target).await;
        self.settle().await;
    }

    pub async fn advance_minutes(&self, minutes: i64) {
        self.advance(minutes * 60_000).await;
    }

    /// The clock jumps: nothing that was due in between has run yet.
    pub async fn jump(&self, milliseconds: i64) {
        self.move_to(self.now() + milliseconds).await;
    }

    async fn move_to(&self, time: i64) {
        self.fetch_pictures().await;
        if let Ok(ahead) = u64::try_from(time - self.now()) {
            self.clock.advance(ahead).await;
        }
        self.tell_sim_the_time();
    }

    fn next_event(&self) -> Option<i64> {
        let now = self.now();
        let cron = now - now.rem_euclid(CRON_MS) + CRON_MS;
        let alarm = self.timers.armed.borrow().values().map(|armed| armed.timer.due_at).filter(|at| *at > now).min();
        let queued = self.queue.waiting.borrow().iter().map(|queued| queued.due_at).filter(|at| *at > now).min();
        let alarm = alarm.filter(|_| self.alarms_work.get());
        let queued = queued.filter(|_| self.queue_works.get());
        [Some(cron), alarm, queued].into_iter().flatten().min()
    }

    /// Whatever is due now: alarms, queue messages, and the cron tick on a full minute.
    pub async fn settle(&self) {
        self.fetch_pictures().await;
        for _ in 0..200 {
            let alarm = if self.alarms_work.get() { self.due_alarm() } else { None };
            if let Some((guild, armed)) = alarm {
                self.wake(guild, armed).await;
                continue;
            }
            let queued = if self.queue_works.get() { self.due_job() } else { None };
            if let Some(queued) = queued {
                self.consume(queued).await;
                continue;
            }
            break;
        }
        if self.now().rem_euclid(CRON_MS) == 0 {
            self.cron().await;
        }
    }

    fn due_alarm(&self) -> Option<(Id<GuildMarker>, Armed)> {
        let now = self.now();
        let armed = self.timers.armed.borrow();
        let due = armed.iter().find(|(_, armed)| armed.timer.due_at <= now);
        due.map(|((guild, _), armed)| (*guild, armed.clone()))
    }

    async fn wake(&self, guild: Id<GuildMarker>, armed: Armed) {
        let ctx = self.ctx();
        let outcome = self.live(timers::wake(&ctx, guild, &armed.timer, armed.attempts)).await;
        let Some(outcome) = outcome else {
            // The platform tries a broken alarm again.
            self.rearm(guild, &armed.timer, self.now() + 2_000, armed.attempts + 1);
            return;
        };
        self.run_after(&ctx).await;
        let key = (guild, timer_key(&armed.timer));
        let current = self.timers.armed.borrow().get(&key).map(|current| current.timer.due_at);
        if current != Some(armed.timer.due_at) {
            return;
        }
        match outcome {
            Wake::Done => {
                self.timers.armed.borrow_mut().remove(&key);
            }
            Wake::Again { due_at, attempts } => self.rearm(guild, &armed.timer, due_at, attempts),
        }
    }

    fn rearm(&self, guild: Id<GuildMarker>, timer: &Timer, due_at: i64, attempts: u32) {
        let timer = Timer { due_at, ..timer.clone() };
        self.timers.armed.borrow_mut().insert((guild, timer_key(&timer)), Armed { timer, attempts });
    }

    fn due_job(&self) -> Option<Queued> {
        let now = self.now();
        let mut waiting = self.queue.waiting.borrow_mut();
        let index = waiting.iter().position(|queued| queued.due_at <= now)?;
        Some(waiting.remove(index))
    }

    async fn consume(&self, mut queued: Queued) {
        let ctx = self.ctx();
        let outcome = self.live(muster_core::job(&ctx, &queued.job)).await;
        let seconds = match outcome {
            Some(JobOutcome::Done) => None,
            Some(JobOutcome::Retry { seconds }) => Some(seconds),
            // Not acknowledged: delivered again.
            None => Some(5),
        };
        if outcome.is_some() {
            self.run_after(&ctx).await;
        }
        if let Some(seconds) = seconds {
            queued.attempts += 1;
            queued.due_at = self.now() + i64::from(seconds.max(1)) * 1_000;
            self.queue.waiting.borrow_mut().push(queued);
        }
    }

    pub async fn cron(&self) {
        let ctx = self.ctx();
        if self.live(muster_core::cron(&ctx)).await.is_some() {
            self.run_after(&ctx).await;
        }
    }

    /// Takes messages out of the queue before they are delivered.
    pub fn take_jobs(&self, wanted: impl Fn(&muster_core::Job) -> bool) -> Vec<muster_core::Job> {
        let mut waiting = self.queue.waiting.borrow_mut();
        let (taken, left): (Vec<_>, Vec<_>) = waiting.drain(..).partition(|queued| wanted(&queued.job));
        *waiting = left;
        taken.into_iter().map(|queued| queued.job).collect()
    }

    /// KV lost everything.
    pub fn lose_kv(&self) {
        self.kv.values.borrow_mut().clear();
    }

    /// The leaderboard objects were evicted: what they kept in memory is gone.
    pub fn evict_leaderboards(&self) {
        self.leaderboards.kept.borrow_mut().clear();
    }

    /// Forgets what the clock and the queue hold: alarms that gave up, messages that were lost.
    pub fn lose_alarms_and_queue(&self) {
        self.timers.armed.borrow_mut().clear();
        self.queue.waiting.borrow_mut().clear();
    }

    /// The newest message in a channel that everybody sees and whose text contains `part`.
    #[track_caller]
    pub fn message_with(&self, channel: &str, part: &str) -> Message {
        let messages = self.public(channel);
        let found = messages.iter().rev().find(|message| message.text().contains(part));
        found.cloned().unwrap_or_else(|| {
            let all = messages.iter().map(Message::text).collect::<Vec<_>>().join("\n---\n");
            panic!("no message with “{part}” in {channel}:\n{all}\nlog: {:#?}", self.log.lines.borrow())
        })
    }

    /// Messages in a channel that everybody sees, oldest first.
    pub fn public(&self, channel: &str) -> Vec<Message> {
        self.sim.borrow().messages(channel, None).into_iter().filter(|message| !message.is_ephemeral()).collect()
    }

    pub fn count_with(&self, channel: &str, part: &str) -> usize {
        self.public(channel).iter().filter(|message| message.text().contains(part)).count()
    }

    /// The demo guild.
    pub fn guild(&self) -> Id<GuildMarker> {
        self.sim.borrow().guild(DEMO).expect("the demo guild").id.to_string().parse().expect("an id")
    }

    /// A channel of the demo guild by name.
    pub fn channel(&self, name: &str) -> Id<ChannelMarker> {
        self.sim.borrow().channel(name).expect("a channel").id.to_string().parse().expect("an id")
    }

    /// A role of the demo guild by name.
    pub fn role(&self, name: &str) -> Id<RoleMarker> {
        self.sim.borrow().role(DEMO, name).expect("a role").id.to_string().parse().expect("an id")
    }

    /// Puts settings of levels in force, as if somebody had made them long ago.
    pub async fn set_levels(&self, settings: &LevelSettings) {
        let ctx = self.ctx();
        let value = serde_json::to_string(settings).expect("settings are JSON");
        let cause = ctx.random_hex(8);
        let statement = guild_config::store::set_key(self.guild(), "$.levels", &value, self.now(), &cause);
        ctx.query(statement).await.expect("settings are stored");
        guild_config::forget(&ctx, self.guild());
    }

    /// Id of a person by username.
    pub fn id(&self, who: &str) -> String {
        self.sim.borrow().member(DEMO, who).expect("a member").user_id.to_string()
    }
}

/// Every story checks its calls against Discord's own description, where it is at hand, and its logs for secrets.
impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let violations = self.sim.borrow().openapi_violations();
        assert!(violations.is_empty(), "calls that Discord's description does not allow: {violations:#?}");
        let sim = self.sim.borrow();
        for call in sim.calls() {
            let is_message = call.method != "GET" && call.route.contains("/messages") && !call.body.is_null();
            let parse = &call.body["allowed_mentions"]["parse"];
            assert!(!is_message || *parse == json!([]), "{} {} lets text ping: {}", call.method, call.path, call.body);
            let malformed = call.fault.is_none() && call.response["code"] == 50_035;
            assert!(!malformed, "Discord found a body malformed: {} {} {}", call.path, call.body, call.response);
        }
        let scans = self.db.scans();
        assert!(scans.is_empty(), "statements that read a large table from end to end: {scans:#?}");
        let lines = self.log.lines.borrow().join("\n");
        assert!(!lines.contains(&self.settings.borrow().bot_token), "the token is in the log");
        let leaked = self.tokens.borrow().iter().any(|token| lines.contains(token));
        assert!(!leaked, "an interaction's token is in the log");
        let settings = self.settings.borrow();
        let secret = settings.web.as_ref().map(|web| web.client_secret.as_str()).into_iter();
        // Keys of the API, session tokens (JSON Web Tokens begin so) and what goes into an `Authorization` header.
        for mark in secret.chain(["muster_", "eyJ", "Bearer "]) {
            assert!(!lines.contains(mark), "a secret is in the log: {mark}");
        }
        let seeds = self.db.column("SELECT seed FROM giveaways WHERE entrants_hash IS NULL");
        let calls = || sim.calls().iter().map(|call| format!("{}{}", call.body, call.response));
        for seed in seeds {
            assert!(!lines.contains(&seed), "the seed of a draw to come is in the log");
            assert!(calls().all(|text| !text.contains(&seed)), "the seed of a draw to come went to Discord");
        }
    }
}

/// Every message carries `allowed_mentions` with an empty `parse`: pings are opted in one by one.
#[track_caller]
fn assert_pings_nobody_by_default(answer: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let is_message = matches!(answer["type"].as_u64(), Some(4 | 7));
    assert!(!is_message || answer["data"]["allowed_mentions"]["parse"] == json!([]), "text may ping: {answer}");
}

/// Discord's description, read once for all stories.
fn openapi() -> Option<OpenApi> {
    static DOCUMENT: OnceLock<Option<OpenApi>> = OnceLock::new();
    let found = DOCUMENT.get_or_init(|| {
        OpenApi::find()
            .inspect_err(|why| eprintln!("REST calls are not checked against Discord's OpenAPI description: {why}"))
            .ok()
    });
    found.clone()
}
