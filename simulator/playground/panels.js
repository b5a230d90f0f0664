// Purpose: the tools at the side: guide (guide.js), people, faults, call log, saved states.

import { api } from './api.js';
import { runOnTarget, targetCommands } from './composer.js';
import { drawGuide } from './guide.js';
import { confirmDialog, formDialog } from './modal.js';
import {
  ageInWords, avatar, css, displayName, el, emit, formatTime, guild, heading, icon, member, nameColour, now, on, rolesOf, state, store, tint, toast, user, withBusy,
} from './state.js';

// ---- the dock ------------------------------------------------------------------------------------------------

const TABS = [
  ['guide', 'Try this', 'compass', drawGuide],
  ['people', 'People', 'people', drawPeople],
  ['faults', 'Faults', 'bolt', drawFaults],
  ['calls', 'Calls', 'list', drawCalls],
  ['data', 'Data', 'box', drawData],
];
const dock = { tab: store.get('tab', 'guide'), panel: null, tabs: new Map() };

export function mountDock(root) {
  const strip = el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Tools' });
  dock.panel = el('div', { class: 'panel', role: 'tabpanel', id: 'dock-panel', tabindex: 0 });
  for (const [key, label, glyph] of TABS) {
    const tab = el('button', { type: 'button', class: 'tab', role: 'tab', id: `tab-${key}`, 'aria-controls': 'dock-panel', testid: `dock-tab-${key}`, on: { click: () => openTab(key) } }, icon(glyph), el('span', {}, label));
    dock.tabs.set(key, tab);
    strip.append(tab);
  }
  strip.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const keys = TABS.map(([key]) => key);
    openTab(keys[(keys.indexOf(dock.tab) + step + keys.length) % keys.length]);
    dock.tabs.get(dock.tab).focus();
  });
  root.append(strip, dock.panel);
  on('open-tab', openTab);
  on('world', () => ['people', 'data', 'guide'].includes(dock.tab) && redraw());
  on('guide', () => dock.tab === 'guide' && redraw());
  on('bot-called', () => {
    if (dock.tab === 'calls') refreshCalls();
    if (dock.tab === 'faults') refreshFaults();
  });
  openTab(TABS.some(([key]) => key === dock.tab) ? dock.tab : 'guide');
}

function openTab(key) {
  dock.tab = key;
  store.set('tab', key);
  for (const [name, tab] of dock.tabs) {
    tab.setAttribute('aria-selected', String(name === key));
    tab.tabIndex = name === key ? 0 : -1;
  }
  dock.panel.setAttribute('aria-labelledby', `tab-${key}`);
  dock.panel.scrollTop = 0;
  redraw();
}

/** Draws the open tab again and keeps the keyboard where it was; a field being typed in is left alone. */
function redraw() {
  const inside = dock.panel.contains(document.activeElement) ? document.activeElement : null;
  if (inside?.matches('input, select, textarea')) return;
  const held = inside?.dataset.testid;
  const scroll = dock.panel.scrollTop;
  dock.panel.replaceChildren(...TABS.find(([key]) => key === dock.tab)[3]());
  dock.panel.scrollTop = scroll;
  if (held) dock.panel.querySelector(`[data-testid="${CSS.escape(held)}"]`)?.focus();
}

// ---- people --------------------------------------------------------------------------------------------------

let opened = null;

/** Members under their highest role that is shown apart, highest first: [[name, members]]. */
function membersByRole() {
  const here = guild();
  const groups = new Map();
  for (const one of here?.members ?? []) {
    const top = one.user.bot ? 'Bots' : rolesOf(one.user.id).find((held) => held.hoist !== false)?.name ?? 'Everybody else';
    groups.set(top, [...(groups.get(top) ?? []), one]);
  }
  const height = (name) => (name === 'Bots' ? -1 : here.roles.find((one) => one.name === name)?.position ?? 0);
  return [...groups].sort(([a], [b]) => height(b) - height(a));
}

const groupTitle = (name, list) => el('h3', { class: 'group-name' }, `${name} · ${list.length}`);

/** The member list beside the messages; a click opens the member among the tools. */
export function mountMembers(root) {
  const show = (id) => {
    opened = id;
    openTab('people');
    emit('show-tools');
  };
  on('world', () => root.replaceChildren(...membersByRole().map(([name, list]) => el('section', {}, groupTitle(name, list), el('ul', {}, list.map(({ user: one }) => el('li', {},
    el('button', { type: 'button', class: 'listed', testid: `listed-${one.username}`, on: { click: () => show(one.id) } },
      avatar(one, 's'), tint(el('span', { class: 'person-name' }, displayName(one)), nameColour(one.id)), one.id === state.meId ? el('span', { class: 'quiet' }, 'you') : null))))))));
}

function drawPeople() {
  const here = guild();
  if (!here) return [heading('People'), el('p', { class: 'quiet' }, 'This person is in no server. Become somebody else, and let them join again here.')];
  const outside = state.users.filter((one) => !one.bot && !member(one.id));
  return [
    heading('People', `${here.members.length} in ${here.name}. Open one to change roles.`),
    el('button', { type: 'button', class: 'btn btn-secondary wide', testid: 'add-member', on: { click: addPerson } }, icon('plus'), 'Add somebody'),
    ...membersByRole().map(([name, list]) => el('section', {}, groupTitle(name, list), el('ul', { class: 'people' }, list.map(personRow)))),
    outside.length ? el('section', {}, el('h3', { class: 'group-name' }, 'Not in this server'), el('ul', { class: 'people' }, outside.map(outsiderRow))) : null,
  ].filter(Boolean);
}

function personRow({ user: someone, roles }) {
  const open = opened === someone.id;
  const face = el('button', {
    type: 'button', class: 'person-row', testid: `member-${someone.username}`, 'aria-expanded': String(open),
    on: {
      click: () => {
        opened = open ? null : someone.id;
        redraw();
      },
    },
  }, avatar(someone), el('span', { class: 'person-text' },
    tint(el('span', { class: 'person-name' }, displayName(someone)), nameColour(someone.id)),
    el('span', { class: 'quiet' }, someone.bot ? 'Bot' : `Account ${ageInWords(someone)}`)),
  someone.id === guild().owner_id ? el('span', { class: 'owner', title: 'Owns this server' }, icon('crown'), el('span', { class: 'sr' }, 'Owner')) : null, icon('down'));
  return el('li', { class: open ? 'person open' : 'person' }, face, open ? editor(someone, roles) : null);
}

function editor(someone, held) {
  const boxes = guild().roles.filter((one) => one.id !== guild().id).sort((a, b) => b.position - a.position).map((one) => {
    const box = el('input', { type: 'checkbox', testid: `role-${one.name}`, disabled: one.managed });
    box.checked = held.includes(one.id);
    box.addEventListener('change', async () => {
      const next = box.checked ? [...held, one.id] : held.filter((id) => id !== one.id);
      box.disabled = true;
      try {
        await api.setRoles({ guild: state.guildId, user: someone.id, roles: next });
        box.blur();
      } catch (error) {
        box.checked = !box.checked;
        toast(error.message);
      } finally {
        box.disabled = false;
      }
    });
    return el('label', { class: 'option-row' }, box, tint(el('span', { class: 'dot' }), css(one.color)), el('span', {}, one.name));
  });
  const leave = el('button', { type: 'button', class: 'btn btn-small btn-danger-quiet', testid: `leave-${someone.username}` }, 'Leave the server');
  leave.addEventListener('click', async () => {
    const sure = await confirmDialog({ title: `${displayName(someone)} leaves?`, text: `${displayName(someone)} leaves ${guild().name}, and loses all roles there. You can let them join again.`, yes: 'Leave', danger: true });
    if (sure) await withBusy(leave, () => api.leave({ guild: state.guildId, user: someone.id }));
  });
  return el('div', { class: 'person-edit' },
    el('fieldset', { class: 'role-list' }, el('legend', { class: 'group-name' }, 'Roles'), boxes.length ? boxes : el('p', { class: 'quiet' }, 'This server has no roles yet.')),
    el('div', { class: 'step-actions' },
      someone.bot || someone.id === state.meId ? null : el('button', { type: 'button', class: 'btn btn-small btn-secondary', on: { click: () => emit('person', someone.id) } }, `Be ${displayName(someone)}`),
      someone.id === guild().owner_id ? null : leave),
    targetCommands(2).length ? el('div', { class: 'step-actions apps', role: 'group', 'aria-label': 'Commands on this person' }, targetCommands(2).map((one) => el('button', {
      type: 'button', class: 'btn btn-small btn-secondary', testid: `on-user-${one.name}`, on: { click: () => runOnTarget(one, someone.id) },
    }, icon('bolt'), one.name))) : null);
}

function outsiderRow(someone) {
  const join = el('button', { type: 'button', class: 'btn btn-small btn-secondary', testid: `join-${someone.username}` }, 'Join');
  join.addEventListener('click', () => withBusy(join, () => api.join({ guild: state.guildId, user: someone.id })));
  return el('li', { class: 'person outsider' }, avatar(someone), el('span', { class: 'person-text' }, el('span', { class: 'person-name' }, displayName(someone)), el('span', { class: 'quiet' }, `Account ${ageInWords(someone)}`)), join);
}

function addPerson() {
  const name = el('input', { class: 'input', id: 'new-name', testid: 'new-member-name', maxlength: 32, autocomplete: 'off', placeholder: 'for example robin' });
  const age = el('input', { class: 'input', id: 'new-age', testid: 'new-member-age', type: 'number', min: 0, max: 3000, value: '30' });
  return formDialog({
    title: 'Add somebody', submitLabel: 'Add', testid: 'add-member-dialog',
    body: [
      el('div', { class: 'field-box' }, el('label', { class: 'field-label', for: 'new-name' }, 'Name'), name),
      el('div', { class: 'field-box' }, el('label', { class: 'field-label', for: 'new-age' }, 'Account age in days'), age),
    ],
    async onSubmit() {
      const shown = name.value.trim();
      const username = shown.normalize('NFKD').toLowerCase().replace(/\s+/g, '_').replace(/[^a-z0-9_.]/g, '');
      const days = Number(age.value);
      if (username.length < 2 || shown.length > 32) return 'A name has 2 to 32 letters or digits.';
      if (!Number.isFinite(days) || days < 0 || days > 3000) return 'The account age is a number of days from 0 to 3000.';
      await api.addUser({ username, global_name: shown, created_days_ago: days, guild: state.guildId });
      toast(`${shown} has joined.`, 'good');
      return null;
    },
  });
}

// ---- faults --------------------------------------------------------------------------------------------------

const KINDS = [
  ['rate', 'Rate limit (429)', { kind: 'rate_limited', scope: 'user', retry_after: 2 }],
  ['500', 'Server error (500)', { kind: 'status', status: 500, message: '500: Internal Server Error' }],
  ['403', 'Missing permission (403)', { kind: 'status', status: 403, code: 50013, message: 'Missing Permissions' }],
  ['404', 'Unknown message (404)', { kind: 'status', status: 404, code: 10008, message: 'Unknown Message' }],
  ['hang', 'Hang: nothing happens, no answer', { kind: 'hang_before' }],
  ['hang-after', 'Hang: it happens, but no answer', { kind: 'hang_after_effect' }],
  ['reset', 'It happens, then the line is cut', { kind: 'reset_after_effect' }],
  ['slow', 'Slow: answer after 4 seconds', { kind: 'slow', ms: 4000 }],
  ['html', 'Block page instead of JSON', { kind: 'html_block' }],
  ['twice', 'Deliver an interaction twice', { kind: 'duplicate' }],
];
const ROUTES = [
  ['*', '*', 'every call of the bot'],
  ['POST', '/channels/{channel_id}/messages', 'sending a message'],
  ['PATCH', '/channels/{channel_id}/messages/{message_id}', 'editing a message'],
  ['POST', '/interactions/{interaction_id}/{interaction_token}/callback', 'answering an interaction'],
  ['POST', '/webhooks/{webhook_id}/{webhook_token}', 'follow-up answers'],
  ['POST', '/social/linkedin/rest/posts', 'publishing on LinkedIn'],
  ['POST', '/social/instagram/v23.0/{id}/media_publish', 'publishing on Instagram'],
  ['POST', '/social/tiktok/v2/post/publish/content/init/', 'publishing on TikTok'],
  ['POST', '/social/x/2/tweets', 'publishing on X'],
  ['POST', '/social/threads/v1.0/{id}/threads_publish', 'publishing on Threads'],
];
const COUNTS = [['1', 'the next call'], ['3', 'the next 3 calls'], ['10', 'the next 10 calls'], ['', 'until cleared']];
const faultState = { list: [], chosen: { kind: 'rate', route: '0', count: '1' } };

/** A doubled interaction is about what people do; everything else about calls. */
function fitPlace() {
  const where = dock.panel.querySelector('[data-testid="fault-route"]');
  if (where) where.disabled = faultState.chosen.kind === 'twice';
}

function picker(label, key, options) {
  const choose = (value) => {
    faultState.chosen[key] = value;
    fitPlace();
  };
  const select = el('select', { class: 'input', testid: `fault-${key}`, on: { change: () => choose(select.value) } }, options.map(([value, text]) => el('option', { value }, text)));
  select.value = faultState.chosen[key];
  return el('label', { class: 'field-box' }, el('span', { class: 'field-label' }, label), select);
}

function drawFaults() {
  const add = el('button', { type: 'button', class: 'btn btn-primary', testid: 'fault-add' }, icon('bolt'), 'Make it so');
  add.addEventListener('click', () => withBusy(add, async () => {
    const chosen = faultState.chosen;
    const [method, route] = chosen.kind === 'twice' ? ['*', 'INTERACTION'] : ROUTES[Number(chosen.route)];
    await api.addFault({ method, route, count: chosen.count ? Number(chosen.count) : null, ...KINDS.find(([key]) => key === chosen.kind)[2] });
    await refreshFaults();
  }));
  const clear = el('button', { type: 'button', class: 'btn btn-secondary', testid: 'fault-clear' }, 'Clear all');
  clear.addEventListener('click', () => withBusy(clear, async () => {
    await api.clearFaults();
    await refreshFaults();
  }));
  const list = el('div', { id: 'fault-list', testid: 'fault-list' });
  queueMicrotask(() => {
    fitPlace();
    refreshFaults();
  });
  return [
    heading('Faults', 'Make Discord or a platform misbehave, and watch what the bot makes of it.'),
    el('div', { class: 'fault-form' }, picker('What goes wrong', 'kind', KINDS), picker('Where', 'route', ROUTES.map(([, , text], index) => [String(index), text])), picker('How long', 'count', COUNTS), el('div', { class: 'step-actions' }, add, clear)),
    el('h3', { class: 'group-name' }, 'Armed now'), list,
  ];
}

function faultName(fault) {
  const known = KINDS.find(([, , body]) => body.kind === fault.kind && (body.status ?? null) === (fault.status ?? null));
  return known?.[1] ?? `${fault.kind} ${fault.status ?? ''}`;
}

async function refreshFaults() {
  const list = document.getElementById('fault-list');
  if (!list) return;
  try {
    const reply = await api.faults();
    faultState.list = Array.isArray(reply) ? reply : reply.faults ?? [];
  } catch (error) {
    list.replaceChildren(el('p', { class: 'failed' }, icon('warn'), error.message));
    return;
  }
  const rows = faultState.list.map(({ fault, struck }) => {
    const spent = fault.count !== null && fault.count !== undefined && struck >= fault.count;
    const where = ROUTES.find(([, route]) => route === fault.route)?.[2] ?? (fault.route === 'INTERACTION' ? 'a command or press' : `${fault.method} ${fault.route}`);
    return el('li', { class: spent ? 'fault spent' : 'fault' }, el('strong', {}, faultName(fault)), el('span', { class: 'quiet' }, `${where} · struck ${struck}${fault.count ? ` of ${fault.count}` : ''}${spent ? ' · over' : ''}`));
  });
  list.replaceChildren(rows.length ? el('ul', { class: 'fault-list' }, rows.reverse()) : el('p', { class: 'quiet' }, 'None. Discord behaves.'));
}

// ---- calls ---------------------------------------------------------------------------------------------------

let onlyFlagged = false;
const openCalls = new Set();

function drawCalls() {
  const filter = el('input', { type: 'checkbox', testid: 'calls-flagged' });
  filter.checked = onlyFlagged;
  filter.addEventListener('change', () => {
    onlyFlagged = filter.checked;
    refreshCalls();
  });
  queueMicrotask(refreshCalls);
  return [
    heading('Calls', 'What the bot asked Discord, newest first. Calls that break Discord\u2019s own API description are flagged.'),
    el('p', { class: 'quiet', id: 'call-hint', hidden: true }, 'The API description was not found, so nothing is checked or flagged.'),
    el('label', { class: 'option-row' }, filter, el('span', {}, 'Only calls that failed or are flagged')),
    el('div', { id: 'call-list', testid: 'call-list', 'aria-live': 'off' }, el('p', { class: 'quiet' }, 'Loading…')),
  ];
}

async function refreshCalls() {
  const holder = document.getElementById('call-list');
  if (!holder) return;
  let calls = [];
  try {
    const reply = await api.calls();
    calls = Array.isArray(reply) ? reply : reply.calls ?? [];
    document.getElementById('call-hint').hidden = reply.checked !== false;
  } catch (error) {
    holder.replaceChildren(el('p', { class: 'failed' }, icon('warn'), error.message));
    return;
  }
  const bad = (call) => call.violations?.length > 0 || call.status >= 400 || call.status === 0;
  const shown = calls.map((call, index) => ({ call, index })).filter(({ call }) => !onlyFlagged || bad(call)).slice(-150).reverse();
  const empty = calls.length ? 'All calls went well.' : 'The bot has called nothing yet. Run a command and look again.';
  holder.replaceChildren(shown.length ? el('ul', { class: 'calls' }, shown.map(callRow)) : el('p', { class: 'quiet' }, empty));
}

function callRow({ call, index }) {
  const flagged = call.violations?.length > 0;
  const details = el('details', { class: `call${flagged ? ' flagged' : ''}${call.status >= 400 || !call.status ? ' bad' : ''}`, testid: 'call-row', data: { flagged: String(flagged) } },
    el('summary', {},
      el('span', { class: 'call-status' }, call.status ? String(call.status) : 'cut'), el('span', { class: 'call-method' }, call.method),
      el('span', { class: 'call-path', title: call.path }, call.route || call.path), el('span', { class: 'quiet call-time' }, formatTime(call.at_ms, 'T')),
      flagged ? el('span', { class: 'flag' }, icon('warn'), `${call.violations.length} against the API description`) : null,
      call.fault ? el('span', { class: 'flag' }, icon('bolt'), `fault: ${call.fault}`) : null));
  const fillIn = () => {
    if (!details.open || details.dataset.filled) return;
    details.dataset.filled = 'true';
    const json = (title, value) => (value === null || value === undefined ? null : el('div', {}, el('h4', {}, title), el('pre', { class: 'code-block', tabindex: 0 }, JSON.stringify(value, null, 2))));
    details.append(...[
      flagged ? el('ul', { class: 'violations' }, call.violations.map((text) => el('li', {}, text))) : null,
      el('p', { class: 'quiet call-full' }, call.path), json('Sent', call.body), json('Answered', call.response),
    ].filter(Boolean));
  };
  details.addEventListener('toggle', () => {
    if (details.open) openCalls.add(index);
    else openCalls.delete(index);
    fillIn();
  });
  if (openCalls.has(index)) {
    details.open = true;
    fillIn();
  }
  return el('li', {}, details);
}

// ---- data ----------------------------------------------------------------------------------------------------

function drawData() {
  const dump = el('button', { type: 'button', class: 'btn btn-secondary wide', testid: 'state-dump' }, 'Save to a file');
  dump.addEventListener('click', () => withBusy(dump, async () => {
    const url = URL.createObjectURL(new Blob([JSON.stringify(await api.dump(), null, 1)], { type: 'application/json' }));
    el('a', { href: url, download: `muster-sim-${new Date(now()).toISOString().slice(0, 16).replace(':', '')}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 5000);
  }));
  const file = el('input', { type: 'file', accept: 'application/json,.json', class: 'sr', id: 'load-file', testid: 'state-load', tabindex: -1 });
  const load = el('button', { type: 'button', class: 'btn btn-secondary wide', on: { click: () => file.click() } }, 'Load from a file');
  file.addEventListener('change', () => withBusy(load, async () => {
    const text = await file.files[0].text();
    file.value = '';
    let body = null;
    try {
      body = JSON.parse(text);
    } catch {
      throw new Error('That file is not a saved state: it holds no JSON.');
    }
    await api.load(body);
    emit('restarted');
    toast('The saved state is loaded.', 'good');
  }));
  const reset = el('button', { type: 'button', class: 'btn btn-danger-quiet wide', testid: 'state-reset' }, 'Start all over');
  reset.addEventListener('click', async () => {
    const sure = await confirmDialog({ title: 'Start all over?', text: 'Every message, member and role goes back to how the simulator began. What the bot itself has stored stays.', yes: 'Start over', danger: true });
    if (!sure) return;
    await withBusy(reset, async () => {
      await api.reset();
      emit('restarted');
    });
  });
  const { worker } = state;
  return [
    heading('Data', 'Keep a moment, and come back to it.'),
    dump, load, file, reset,
    el('h3', { class: 'group-name' }, 'The bot'),
    el('dl', { class: 'facts' },
      el('div', {}, el('dt', {}, 'Worker'), el('dd', {}, worker.url || 'not set')),
      el('div', {}, el('dt', {}, 'Reachable'), el('dd', { class: worker.reachable === false ? 'bad' : 'good' }, worker.reachable === false ? 'no' : 'yes'))),
  ];
}
