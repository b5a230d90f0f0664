// Purpose: "Try this": stories of a few steps for somebody who is new; each step ticks itself off when it has happened.

import { JUMPS, advance } from './clock.js';
import { commandEntries } from './composer.js';
import { buttonsOf, textOf } from './messages.js';
import { ageInWords, avatar, createdMs, displayName, el, emit, guild, heading, icon, isRecent, later, now, on, rolesOf, state, store, user } from './state.js';

const HOUR_MS = 3_600_000;

/** What is remembered of a story: which steps are done, the id of the message that it is about, and when it got to its turning point (ms). */
const fresh = () => ({ done: [], message: null, at: null });
const kept = { story: 'giveaway', giveaway: fresh(), mission: fresh(), ...store.get('guides', {}) };

/** Who plays whom: the owner, somebody ordinary who takes part, and the youngest account, which is refused. */
function cast() {
  const here = guild();
  const people = (here?.members ?? []).map((one) => one.user).filter((one) => !one.bot);
  const owner = people.find((one) => one.id === here?.owner_id) ?? people[0];
  const others = people.filter((one) => one !== owner);
  const stranger = [...others].sort((a, b) => createdMs(b) - createdMs(a))[0];
  const plain = others.filter((one) => one !== stranger);
  const member = plain.find((one) => rolesOf(one.id).length === 1) ?? plain[0];
  return { owner, member, stranger };
}

const botMessages = () => [...state.messages.values()].flat().filter((one) => one.author?.bot);
const posted = () => botMessages().filter((one) => !one.ephemeral_for);

// ---- a giveaway ----------------------------------------------------------------------------------------------

const isEnter = (button) => /:enter\b/.test(button.custom_id ?? '') || /^(enter|join)\b/i.test(button.label ?? '');
const isClaim = (button) => /:claim\b/.test(button.custom_id ?? '') || /^claim\b/i.test(button.label ?? '');
const openFor = (message) => buttonsOf(message).some((button) => isEnter(button) && !button.disabled);
const REFUSED = /(\bcan(no|')t\b|\byou (still )?need\b|\bmust be\b|\bexcluded\b|\bonly the winners?\b|\bonly for\b|\btoo late\b|\bwindow\b|\balready\b)/i;

/** The whole first command, with those of these options that the bot offers. */
function startLine() {
  const values = { prize: 'A hand-painted mug', ends: '10m', winners: '1', min_account_days: '7', claim_window: '1h' };
  const offered = commandEntries().find((one) => one.name === 'giveaway start')?.options ?? [];
  return `/giveaway start ${offered.filter((one) => one.name in values).map((one) => `${one.name}:${values[one.name]}`).join(' ')} `;
}

const giveaway = {
  label: 'A giveaway',
  title: 'A giveaway in ten minutes',
  after: 'That was all of it. Try a mission next, or the faults, or let two people enter.',
  steps() {
    const { owner, member, stranger } = cast();
    const { message } = kept.giveaway;
    const draws = posted().filter((one) => message && later(one.id, message) && buttonsOf(one).some(isClaim));
    const winner = draws.sort((a, b) => (later(a.id, b.id) ? 1 : -1)).at(-1)?.mentions?.[0];
    return [
      { title: 'Start a giveaway', text: `You are ${displayName(owner)}, who owns this server. Type /giveaway start, name a prize and an end like 10m, and ask for accounts that are some days old.`, be: owner, fill: startLine, channels: ['giveaways', 'general'] },
      { title: `Enter as ${displayName(member)}`, text: `Become ${displayName(member)} and press the Enter button under the giveaway. The answer is only for ${displayName(member)}.`, be: member },
      { title: 'Meet the requirements, or not', text: `${displayName(stranger)} has an account that is ${stranger ? ageInWords(stranger) : 'of unknown age'}. Press Enter as ${displayName(stranger)} and read why it is refused.`, be: stranger },
      { title: 'Let time pass', text: 'Fast-forward until the giveaway ends. The message changes and a winner is pinged.', jump: true },
      { title: 'Claim the prize', text: 'Become the winner and claim. Or let the time to claim lapse, and watch somebody else being drawn.', be: winner ? user(winner.id) : member, jump: true },
      { title: 'Check the draw', text: 'Run /giveaway verify and choose the giveaway from the list. Anyone can recompute who won from the published seed.', fill: () => '/giveaway verify ' },
    ];
  },
  /** Looks at an answer to something a person did. */
  answered({ answer, origin }, tick) {
    if (origin.kind === 'command' && origin.name === 'giveaway verify') tick(5);
    if (origin.kind !== 'component') return;
    const refused = REFUSED.test(textOf(answer.message));
    if (isEnter(origin.component)) tick(refused ? 2 : 1);
    if (isClaim(origin.component) && !refused) tick(4);
  },
  /** Looks at the messages: has a giveaway begun, ended, been drawn again? */
  looked(own, tick) {
    const all = posted();
    const open = all.filter((one) => openFor(one) && isRecent(one.id)).at(-1);
    if (open && open.id !== own.message) {
      own.message = open.id;
      save();
      tick(0);
    }
    const followed = all.find((one) => one.id === own.message);
    if (followed && !openFor(followed) && /\b(ended|winners?|drawn)\b/i.test(textOf(followed)) && !/\bpaused\b/i.test(textOf(followed))) tick(3);
    const since = all.filter((one) => own.message && later(one.id, own.message));
    if (own.done[3] && since.some((one) => /(new draw|drawn again|new winner|did not claim|not claimed)/i.test(textOf(one)))) tick(4);
  },
};

// ---- a mission -----------------------------------------------------------------------------------------------

const isPost = (button) => /^connect & post\b/i.test(button.label ?? '');

const mission = {
  label: 'A mission',
  title: 'A mission in ten minutes',
  after: 'That was all of it. The dashboard shows the mission with its posts, clicks and points. Try the faults next: nothing is published twice.',
  steps() {
    const { owner, member } = cast();
    const name = displayName(member);
    return [
      { title: 'Write a mission', text: `You are ${displayName(owner)}, who owns this server. Send /mission new and fill in the form: a title, a text with {link} in it, the address that the link leads to, LinkedIn as the platform, and 7d as the end.`, be: owner, fill: () => '/mission new ', channels: ['general'] },
      { title: 'Send it to the members', text: 'Run /mission push and choose the mission from the list. Its card appears for everybody.', be: owner, fill: () => '/mission push ', channels: ['general'] },
      { title: `Connect as ${name}`, text: `Become ${name}, press Connect & Post under the card and follow the link. LinkedIn and the others are played here too, so any name will do. Then press Connect & Post again.`, be: member },
      { title: 'Look, and publish', text: `Press Preview: it shows exactly what will appear, with ${name}'s own short link in it. Then press Publish.`, be: member },
      { title: 'Let time pass', text: 'See the post, open the link in it if you like, then fast-forward some hours: people react, and Muster asks the platform how many did.', jump: true },
      { title: 'Read the points', text: 'Run /score: every point says what it was for.', be: member, fill: () => '/score ' },
    ];
  },
  answered({ answer, origin }, tick) {
    const said = textOf(answer.message);
    if (origin.kind === 'modal' && /\bdraft is kept\b/i.test(said)) tick(0);
    if (origin.kind === 'component' && /\bready, as\b/i.test(said)) tick(2);
    if (origin.kind === 'command' && origin.name === 'score' && kept.mission.done[3]) tick(5);
  },
  /** Looks at the messages and the clock: is there a card, has somebody published, and is that a while ago? */
  looked(own, tick) {
    const card = posted().filter((one) => isRecent(one.id) && buttonsOf(one).some(isPost)).at(-1);
    if (card && card.id !== own.message) {
      own.message = card.id;
      save();
      tick(0);
      tick(1);
    }
    const published = own.message && botMessages().some((one) => later(one.id, own.message) && /\bpublished on\b/i.test(textOf(one)));
    if (published && !own.done[3]) {
      own.at = now();
      tick(2);
      tick(3);
    }
    if (own.at !== null && now() - own.at >= HOUR_MS) tick(4);
  },
};

// ---- the stories together ------------------------------------------------------------------------------------

const STORIES = { giveaway, mission };

function tickFor(key) {
  return (index) => {
    if (kept[key].done[index]) return;
    kept[key].done[index] = true;
    save();
  };
}

function save() {
  store.set('guides', kept);
  emit('guide');
}

/** Looks at an answer to something a person did. */
export function guideAnswer(detail) {
  if (detail.answer.kind === 'error') return;
  for (const [key, story] of Object.entries(STORIES)) story.answered(detail, tickFor(key));
}

/** Looks at the messages. */
export function guideMessages() {
  for (const [key, story] of Object.entries(STORIES)) story.looked(kept[key], tickFor(key));
}

export function forgetGuide() {
  for (const key of Object.keys(STORIES)) kept[key] = fresh();
  save();
}

function choose(key) {
  kept.story = key;
  save();
}

function startOver() {
  kept[kept.story] = fresh();
  save();
  guideMessages();
}

/** The steps of the chosen story, and which is next (-1: none). */
function progress() {
  const steps = STORIES[kept.story].steps();
  const { done } = kept[kept.story];
  return { steps, done, next: steps.findIndex((_, index) => !done[index]) };
}

export function drawGuide() {
  if (!guild()) return [heading('Try this', state.loaded ? 'This person is in no server. Choose another one at the top.' : 'Waiting for the simulator…')];
  const story = STORIES[kept.story];
  const { steps, done, next } = progress();
  const count = done.filter(Boolean).length;
  const bar = el('progress', { class: 'progress', max: steps.length, value: String(count), 'aria-label': `${count} of ${steps.length} steps done` });
  bar.value = count;
  const choices = Object.entries(STORIES).map(([key, { label }]) => el('button', {
    type: 'button', class: `btn btn-small ${key === kept.story ? 'btn-primary' : 'btn-secondary'}`, testid: `guide-story-${key}`, 'aria-pressed': String(key === kept.story), on: { click: () => choose(key) },
  }, label));
  return [
    el('div', { class: 'step-actions guide-stories', role: 'group', 'aria-label': 'What to try' }, choices),
    heading(story.title, 'Six steps. Each ticks itself off when it has happened.'),
    el('div', { class: 'progress-row' }, bar, el('span', { class: 'quiet' }, `${count} of ${steps.length}`)),
    el('ol', { class: 'steps' }, steps.map((step, index) => stepNode(step, index, { done: Boolean(done[index]), current: index === next }))),
    next < 0 ? el('p', { class: 'all-done', role: 'status' }, icon('check'), story.after) : null,
    count ? el('p', {}, el('button', { type: 'button', class: 'text-button', testid: 'guide-restart', on: { click: startOver } }, 'Start over')) : null,
  ].filter(Boolean);
}

/** Where the tools are a drawer, one line above the message box says which step is next. */
export function mountGuideStrip(root) {
  const draw = () => {
    const { steps, next } = guild() ? progress() : { steps: [], next: -1 };
    root.hidden = next < 0;
    if (next < 0) return;
    const show = () => {
      emit('open-tab', 'guide');
      emit('show-tools');
    };
    root.replaceChildren(el('button', { type: 'button', class: 'strip', testid: 'guide-strip', on: { click: show } }, icon('compass'),
      el('span', { class: 'quiet' }, `Step ${next + 1} of ${steps.length}`), el('strong', {}, steps[next].title), icon('down')));
  };
  on('guide', draw);
  on('world', draw);
}

function stepNode(step, index, { done, current }) {
  const mark = el('span', { class: 'step-mark', 'aria-hidden': 'true' }, done ? icon('check') : String(index + 1));
  const title = el('h3', {}, step.title, done ? el('span', { class: 'sr' }, ' (done)') : null);
  const body = el('div', { class: 'step-body' }, title, current ? el('p', {}, step.text) : null, current ? stepActions(step, index) : null);
  return el('li', { class: `step${done ? ' done' : ''}${current ? ' current' : ''}`, testid: `guide-step-${index + 1}`, data: { done: String(done) }, 'aria-current': current ? 'step' : undefined }, mark, body);
}

function stepActions({ be, fill, channels, jump }, index) {
  const actions = el('div', { class: 'step-actions' });
  if (be) {
    actions.append(be.id === state.meId
      ? el('span', { class: 'here' }, icon('check'), `You are ${displayName(be)}`)
      : el('button', { type: 'button', class: 'btn btn-small btn-secondary', testid: `guide-be-${index + 1}`, on: { click: () => emit('person', be.id) } }, avatar(be, 'xs'), `Be ${displayName(be)}`));
  }
  if (fill) {
    const write = () => emit('guide-fill', { line: fill(), as: be?.id, channels });
    actions.append(el('button', { type: 'button', class: 'btn btn-small btn-primary', testid: `guide-fill-${index + 1}`, on: { click: write } }, 'Write it for me'));
  }
  for (const [ms, label] of jump ? JUMPS.slice(1) : []) {
    const button = el('button', { type: 'button', class: 'btn btn-small btn-secondary' }, icon('skip'), label);
    button.addEventListener('click', () => advance(ms, button));
    actions.append(button);
  }
  return actions;
}
