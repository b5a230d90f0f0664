// Purpose: the message box, the command palette and the command form with its option chips.

import { api } from './api.js';
import { choiceRow, entityChoices, matching } from './components.js';
import { addNote, channel, displayName, el, emit, guild, icon, on, removeNote, state, toast } from './state.js';

const TYPE = { SUB: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, FILE: 11 };
const KIND = { 6: 'user', 7: 'channel', 8: 'role', 9: 'mentionable' };
const TYPE_NAME = { 3: 'text', 4: 'whole number', 5: 'true or false', 6: 'person', 7: 'channel', 8: 'role', 9: 'person or role', 10: 'number', 11: 'file' };

const parts = {};
/** The command being filled in: {entry, chips: [{option, input, box, picked}]}, or null in text mode. */
let command = null;
/** The list above the box: {rows, active, pick, head, empty, loading}. */
let popup = null;
let autocompleteRun = 0;

export function mountComposer(root) {
  parts.text = el('textarea', {
    class: 'composer-text', rows: 1, testid: 'composer', 'aria-controls': 'palette-list',
    'aria-autocomplete': 'list', 'aria-label': 'Message', maxlength: 2000,
    on: { input: onText, keydown: onTextKey },
  });
  parts.form = el('div', { class: 'command-form', hidden: true, testid: 'command-form', role: 'group' });
  parts.send = el('button', { type: 'submit', class: 'send', testid: 'command-send', 'aria-label': 'Send', title: 'Send (Enter)' }, icon('send'));
  parts.cancel = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Cancel the command', title: 'Cancel (Esc)', testid: 'command-cancel', hidden: true, on: { click: () => leaveCommand('') } }, icon('close'));
  parts.popup = el('div', { class: 'palette', hidden: true, testid: 'command-palette' });
  parts.box = el('form', { class: 'composer', novalidate: true }, parts.popup, parts.text, parts.form, parts.cancel, parts.send);
  parts.box.addEventListener('submit', (event) => {
    event.preventDefault();
    if (command) submitCommand();
    else submitText();
  });
  parts.box.addEventListener('focusout', () => setTimeout(() => !parts.box.contains(document.activeElement) && closePopup()));
  root.append(parts.box);
  describeBox();
  on('channel', () => {
    leaveCommand('');
    describeBox();
  });
  on('world', describeBox);
  on('fill', (text) => fill(text));
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest?.('input, textarea, select, [role="listbox"], [role="menu"], dialog');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || parts.text.disabled) return;
    event.preventDefault();
    fill('/');
  });
}

function describeBox() {
  const here = channel();
  const locked = !here || here.can_send === false;
  parts.text.disabled = locked;
  parts.send.disabled = locked;
  parts.text.placeholder = !state.loaded ? '' : !here ? 'Choose a channel' : locked ? 'This person may not write here' : `Message ${here.type === 1 ? '@' : '#'}${here.name}, or / for commands`;
}

/** Puts text in the box as if typed; a whole command line becomes its form. */
export function fill(text) {
  if (parts.text.disabled) return toast('This person may not write here. Choose another channel.', 'warn');
  if (command) leaveCommand('');
  parts.text.value = text;
  parts.text.focus();
  return onText();
}

// ---- the commands --------------------------------------------------------------------------------------------

/** Every command and sub-command one may run, flat: {path, name, description, options}. */
export function commandEntries() {
  const entries = [];
  const walk = (node, path) => {
    const nested = (node.options ?? []).filter((one) => one.type === TYPE.SUB || one.type === TYPE.GROUP);
    if (nested.length) for (const one of nested) walk(one, [...path, one]);
    else entries.push({ path, name: path.map((one) => one.name).join(' '), description: node.description, options: node.options ?? [] });
  };
  for (const one of state.commands.get(state.guildId) ?? []) if ((one.type ?? 1) === 1) walk(one, [one]);
  return entries;
}

function search(text) {
  const needle = text.slice(1).toLowerCase().trim().replace(/\s+/g, ' ');
  const rank = (entry) => (entry.name.startsWith(needle) ? 0 : entry.name.includes(needle) ? 1 : entry.description?.toLowerCase().includes(needle) ? 2 : 9);
  return commandEntries().map((entry) => ({ entry, order: rank(entry) })).filter(({ order }) => order < 9)
    .sort((a, b) => a.order - b.order).map(({ entry }) => entry);
}

// ---- text mode -----------------------------------------------------------------------------------------------

function onText() {
  const text = parts.text.value;
  if (!text.startsWith('/')) return offerMentions();
  const whole = commandEntries().filter((entry) => text.startsWith(`/${entry.name} `)).sort((a, b) => b.name.length - a.name.length)[0];
  if (whole) return enterCommand(whole, text.slice(whole.name.length + 2));
  const found = search(text);
  const bot = guild()?.members.find((one) => one.user.bot)?.user;
  openPopup({
    head: 'Commands',
    rows: found.map((entry) => ({ key: `command-entry-${entry.name.replaceAll(' ', '-')}`, choice: { label: `/${entry.name}`, hint: entry.description, value: entry, aside: bot ? displayName(bot) : '' } })),
    pick: (choice) => enterCommand(choice.value, ''),
    empty: state.commands.has(state.guildId) ? (commandEntries().length ? 'No command matches. Try fewer letters.' : 'The bot has no commands here yet. Has it been registered?') : 'Commands are loading…',
    owner: parts.text,
  });
  return undefined;
}

/** While a word that begins with @ or # is being typed: who or what it may mean. */
function offerMentions() {
  const upTo = parts.text.value.slice(0, parts.text.selectionStart);
  const [, , mark, typed] = /(^|\s)([@#])([^\s@#]*)$/u.exec(upTo) ?? [];
  const choices = mark === '#' ? entityChoices('channel') : mark ? entityChoices('mentionable').filter((one) => one.label !== '@everyone') : [];
  const rows = matching(choices, typed ?? '').slice(0, 10);
  if (rows.length === 0) return closePopup();
  const word = (choice) => (choice.hint?.startsWith('@') ? choice.hint : `${mark}${choice.label.replace(/^[@#]/, '')}`);
  return openPopup({
    head: mark === '#' ? 'Channels' : 'People and roles', owner: parts.text,
    rows: rows.map((choice) => ({ key: `option-choice-${choice.value}`, choice })),
    pick(choice) {
      const before = upTo.slice(0, upTo.length - typed.length - 1);
      parts.text.value = `${before}${word(choice)} ${parts.text.value.slice(upTo.length)}`;
      closePopup();
      parts.text.focus();
    },
  });
}

function onTextKey(event) {
  if (popupKey(event)) return;
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submitText();
  }
}

async function submitText() {
  const typed = parts.text.value.trim();
  if (!typed || !state.channelId) return;
  if (typed.startsWith('/')) {
    const exact = commandEntries().find((entry) => `/${entry.name}` === typed);
    if (exact) enterCommand(exact, '');
    else toast('There is no such command. Type / to see the list.', 'warn');
    return;
  }
  parts.text.value = '';
  try {
    await api.say({ user: state.meId, channel: state.channelId, content: withMentions(typed) });
    emit('happened', { kind: 'message' });
  } catch (error) {
    if (!parts.text.value) parts.text.value = typed;
    toast(error.message);
  }
}

/** `@name` and `#channel` become mentions when they name exactly one thing here. */
function withMentions(text) {
  return text.replace(/(^|\s)([@#])([\p{L}\p{N}_.-]+)/gu, (whole, before, mark, name) => {
    const same = (one) => one.replace(/^[@#]/, '').toLowerCase() === name.toLowerCase();
    if (mark === '#') {
      const found = entityChoices('channel').find((one) => same(one.label));
      return found ? `${before}<#${found.value}>` : whole;
    }
    const person = entityChoices('user').find((one) => same(one.hint) || same(one.label));
    if (person) return `${before}<@${person.value}>`;
    const group = entityChoices('role').find((one) => same(one.label) && one.label !== '@everyone');
    return group ? `${before}<@&${group.value}>` : whole;
  });
}

// ---- the popup -----------------------------------------------------------------------------------------------

function openPopup(next) {
  popup = { active: next.rows.length ? 0 : -1, ...next };
  if (popup.rows.length === 0) popup.active = -1;
  drawPopup();
}

function drawPopup() {
  const { rows, active, head, detail, empty, owner, error } = popup;
  const listbox = el('ul', { class: 'choices', role: 'listbox', id: 'palette-list', 'aria-label': typeof head === 'string' ? head : 'Choices' });
  rows.forEach((row, index) => {
    const node = choiceRow(row.choice, { id: `palette-${index}`, active: index === active, testid: row.key });
    if (row.choice.aside) node.append(el('span', { class: 'choice-aside quiet' }, row.choice.aside));
    node.addEventListener('pointerdown', (event) => event.preventDefault());
    node.addEventListener('click', () => popup.pick(row.choice));
    listbox.append(node);
  });
  if (rows.length === 0 && empty) listbox.append(el('li', { class: 'choice-empty', role: 'presentation' }, empty));
  parts.popup.replaceChildren(
    el('div', { class: 'palette-head' }, el('span', { class: 'palette-title' }, head), detail ? el('span', { class: 'quiet' }, detail) : null),
    error ? el('p', { class: 'palette-error', role: 'alert', testid: 'option-error' }, icon('warn'), error) : '',
    rows.length || empty ? listbox : '',
    el('div', { class: 'palette-keys', 'aria-hidden': 'true' }, el('kbd', {}, '↑↓'), ' move ', el('kbd', {}, 'Tab'), ' choose ', el('kbd', {}, 'Enter'), command ? ' choose or send ' : ' choose ', el('kbd', {}, 'Esc'), ' close'));
  parts.popup.hidden = false;
  if (owner.getAttribute('role') === 'combobox') owner.setAttribute('aria-expanded', 'true');
  owner.setAttribute('aria-activedescendant', active >= 0 ? `palette-${active}` : '');
  listbox.children[active]?.scrollIntoView({ block: 'nearest' });
}

function closePopup() {
  if (popup?.owner.getAttribute('role') === 'combobox') popup.owner.setAttribute('aria-expanded', 'false');
  popup?.owner.removeAttribute('aria-activedescendant');
  popup = null;
  parts.popup.hidden = true;
}

/** Arrows, Tab, Enter and Escape while the list is open; true when the key was used up. */
function popupKey(event) {
  if (!popup || event.isComposing) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && popup.rows.length) {
    popup.active = popup.active < 0 && step < 0 ? popup.rows.length - 1 : (popup.active + step + popup.rows.length) % popup.rows.length;
    drawPopup();
  } else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && popup.rows[popup.active]) {
    popup.pick(popup.rows[popup.active].choice);
  } else if (event.key === 'Escape') {
    closePopup();
  } else {
    return false;
  }
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// ---- command mode --------------------------------------------------------------------------------------------

function enterCommand(entry, rest) {
  closePopup();
  command = { entry, chips: [] };
  parts.text.hidden = true;
  parts.text.value = '';
  parts.form.hidden = false;
  parts.form.setAttribute('aria-label', `Command /${entry.name}`);
  parts.box.classList.add('with-command');
  parts.tail = el('input', {
    class: 'tail', type: 'text', testid: 'command-more', 'aria-label': 'Add an option', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'palette-list',
    autocomplete: 'off', on: { focus: showOptional, input: showOptional, keydown: onTailKey },
  });
  parts.cancel.hidden = false;
  parts.form.replaceChildren(el('span', { class: 'command-name' }, `/${entry.name}`), parts.tail);
  for (const option of entry.options.filter((one) => one.required)) addChip(option, false);
  describeTail();
  if (rest.trim()) readLine(rest);
  focusNext();
}

function leaveCommand(text) {
  autocompleteRun += 1;
  closePopup();
  const was = command;
  command = null;
  parts.form.hidden = true;
  parts.cancel.hidden = true;
  parts.form.replaceChildren();
  parts.text.hidden = false;
  parts.box.classList.remove('with-command');
  if (!was && !text) return;
  parts.text.value = text;
  parts.text.focus();
  if (text) onText();
}

const chipOf = (name) => command?.chips.find((one) => one.option.name === name);
const unused = () => command.entry.options.filter((one) => !chipOf(one.name));

function describeTail() {
  const left = unused().length;
  parts.tail.placeholder = left ? `+${left} optional` : '';
  parts.tail.size = left ? 12 : 2;
}

function addChip(option, focus = true) {
  const input = option.type === TYPE.FILE ? fileField(option) : el('input', {
    class: 'chip-input', type: 'text', testid: `command-option-${option.name}`, role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'palette-list',
    'aria-label': `${option.name}: ${option.description}`, 'aria-required': String(Boolean(option.required)), autocomplete: 'off', spellcheck: 'false',
    inputmode: option.type === TYPE.INTEGER ? 'numeric' : option.type === TYPE.NUMBER ? 'decimal' : undefined, maxlength: 6000,
  });
  const box = el('label', { class: `chip${option.required ? ' required' : ''}` }, el('span', { class: 'chip-name' }, option.name), input);
  const chip = { option, input, box, picked: null, error: null };
  input.addEventListener('focus', () => showChip(chip));
  input.addEventListener('input', () => {
    chip.picked = null;
    setError(chip, null);
    if (option.type === TYPE.FILE) {
      takeFile(chip);
      return;
    }
    sizeChip(chip);
    if (!moveTyped(chip)) showChip(chip);
  });
  input.addEventListener('keydown', (event) => onChipKey(event, chip));
  input.addEventListener('blur', () => settle(chip));
  command.chips.push(chip);
  parts.form.insertBefore(box, parts.tail);
  sizeChip(chip);
  describeTail();
  if (focus) input.focus();
  return chip;
}

/** Largest file a person may give, in bytes: Discord's limit without boosts. */
const MAX_FILE = 10 * 1024 * 1024;

const fileField = (option) => el('input', {
  class: 'chip-input chip-file', type: 'file', testid: `command-option-${option.name}`,
  'aria-label': `${option.name}: ${option.description}`, 'aria-required': String(Boolean(option.required)),
});

/** Reads the chosen file into the chip; until that is done, the chip has no value. */
function takeFile(chip) {
  const [file] = chip.input.files;
  if (!file) return;
  if (file.size > MAX_FILE) {
    chip.input.value = '';
    setError(chip, 'A file may have 10 MB at most.');
    showChip(chip);
    return;
  }
  const reader = new FileReader();
  reader.addEventListener('load', () => {
    if (chip.input.files[0] !== file) return;
    chip.picked = { value: { filename: file.name, content_type: file.type, base64: reader.result.split(',')[1] ?? '' } };
    setError(chip, null);
    if (document.activeElement === chip.input) focusNext(chip);
  });
  reader.addEventListener('error', () => setError(chip, 'This file cannot be read. Choose it again.'));
  reader.readAsDataURL(file);
}

function removeChip(chip) {
  command.chips = command.chips.filter((one) => one !== chip);
  chip.box.remove();
  describeTail();
}

const sizeChip = (chip) => {
  chip.input.size = Math.min(48, Math.max(3, chip.input.value.length + 1));
};

function setError(chip, sentence) {
  chip.error = sentence;
  chip.box.classList.toggle('wrong', Boolean(sentence));
  chip.input.setAttribute('aria-invalid', String(Boolean(sentence)));
}

/** Typing `other-option:` inside a chip jumps to that option, as in one long command line. */
function moveTyped(chip) {
  const match = /(^|\s)([\p{Ll}\p{N}_-]+):\s?$/u.exec(chip.input.value);
  const target = match && command.entry.options.find((one) => one.name === match[2]);
  if (!target) return false;
  chip.input.value = chip.input.value.slice(0, match.index).trimEnd();
  sizeChip(chip);
  if (target !== chip.option) settle(chip);
  (chipOf(target.name) ?? addChip(target, false))?.input.focus();
  return true;
}

/** Reads `name:value name:value` into chips; words before the first name go to the first required option. */
function readLine(text) {
  const names = command.entry.options.map((one) => one.name).join('|');
  if (!names) return;
  const pieces = [...text.matchAll(new RegExp(`(?:^|\\s)(${names}):\\s*`, 'gu'))];
  const first = command.entry.options.find((one) => one.required) ?? command.entry.options[0];
  const lead = text.slice(0, pieces[0]?.index ?? text.length).trim();
  const put = (option, value) => {
    const chip = chipOf(option.name) ?? addChip(option, false);
    // Only a person may choose a file.
    if (option.type === TYPE.FILE) return;
    chip.input.value = value;
    settle(chip);
    sizeChip(chip);
  };
  if (lead && first) put(first, lead);
  pieces.forEach((piece, index) => {
    const written = text.slice(piece.index + piece[0].length, pieces[index + 1]?.index ?? text.length).trim();
    const value = /^".*"$/su.test(written) ? written.slice(1, -1).replace(/\\(.)/gsu, '$1') : written;
    put(command.entry.options.find((one) => one.name === piece[1]), value);
  });
}

function focusNext(after = null) {
  const from = after ? command.chips.indexOf(after) + 1 : 0;
  const empty = command.chips.slice(from).find((chip) => !chip.input.value);
  (empty?.input ?? parts.tail).focus();
}

function onChipKey(event, chip) {
  if (popupKey(event)) return;
  if (event.key === 'Enter') {
    event.preventDefault();
    submitCommand();
  } else if (event.key === 'Backspace' && !chip.input.value) {
    event.preventDefault();
    const index = command.chips.indexOf(chip);
    if (!chip.option.required) removeChip(chip);
    if (index === 0) leaveCommand(`/${command.entry.name}`);
    else command.chips[index - 1].input.focus();
  } else if (event.key === 'Escape') {
    leaveCommand('');
  }
}

function onTailKey(event) {
  if (popupKey(event)) return;
  if (event.key === 'Enter') {
    event.preventDefault();
    submitCommand();
  } else if (event.key === 'Backspace' && !parts.tail.value) {
    event.preventDefault();
    const last = command.chips.at(-1);
    if (last) last.input.focus();
    else leaveCommand(`/${command.entry.name}`);
  } else if (event.key === 'Escape') {
    leaveCommand('');
  }
}

function showOptional() {
  const named = /^([\p{Ll}\p{N}_-]+):$/u.exec(parts.tail.value);
  const exact = named && unused().find((one) => one.name === named[1]);
  const rows = matching(unused().map((option) => ({ label: option.name, hint: option.description, value: option })), parts.tail.value);
  const pick = (choice) => {
    parts.tail.value = '';
    addChip(choice.value);
  };
  if (exact) return pick({ value: exact });
  openPopup({
    head: `/${command.entry.name}`, detail: rows.length ? 'Enter sends. These options may be added:' : 'Enter sends the command.', owner: parts.tail,
    rows: rows.map((choice) => ({ key: `optional-${choice.label}`, choice })), pick,
  });
  if (!parts.tail.value) {
    popup.active = -1;
    drawPopup();
  }
  return undefined;
}

// ---- what a chip offers and accepts --------------------------------------------------------------------------

function fixedChoices(option) {
  if (option.choices?.length) return option.choices.map((one) => ({ label: one.name, value: one.value }));
  if (option.type === TYPE.BOOLEAN) return [{ label: 'True', value: true }, { label: 'False', value: false }];
  if (KIND[option.type]) return entityChoices(KIND[option.type], option.channel_types);
  return null;
}

function pickFor(chip, choice) {
  chip.picked = choice;
  chip.input.value = String(choice.label).replace(/^[@#](?!everyone)/, '');
  setError(chip, null);
  sizeChip(chip);
  focusNext(chip);
}

function showChip(chip) {
  const { option, input } = chip;
  const base = {
    head: option.name, detail: `${option.description ?? ''}${option.description ? ' · ' : ''}${TYPE_NAME[option.type] ?? 'value'}${limits(option)}`, owner: input,
    error: chip.error, pick: (choice) => pickFor(chip, choice),
  };
  const fixed = fixedChoices(option);
  const rows = (choices) => choices.slice(0, 25).map((choice) => ({ key: `option-choice-${choice.value}`, choice }));
  if (fixed) {
    openPopup({ ...base, rows: rows(chip.picked ? fixed : matching(fixed, input.value)), empty: 'Nothing matches.' });
  } else if (option.autocomplete) {
    openPopup({ ...base, rows: [], empty: 'Looking for suggestions…' });
    suggest(chip, (choices, failed) => openPopup({
      ...base, error: chip.error ?? failed, rows: rows(choices), active: input.value ? 0 : -1,
      empty: failed ? '' : 'No suggestions. What you type is used as it is.',
    }));
  } else {
    openPopup({ ...base, rows: [] });
  }
}

function limits(option) {
  const [low, high] = [option.min_value ?? option.min_length, option.max_value ?? option.max_length];
  const unit = option.type === TYPE.STRING ? ' characters' : '';
  if (low !== undefined && high !== undefined) return `, ${low} to ${high}${unit}`;
  if (low !== undefined) return `, at least ${low}${unit}`;
  return high !== undefined ? `, at most ${high}${unit}` : '';
}

async function suggest(chip, show) {
  const run = ++autocompleteRun;
  await new Promise((done) => setTimeout(done, 140));
  if (run !== autocompleteRun || !command) return;
  let choices = [];
  let failed = null;
  try {
    const reply = await api.autocomplete({ user: state.meId, channel: state.channelId, ...built(chip) });
    choices = reply.choices ?? [];
    if (reply.error) failed = `${reply.error}. What you type is used as it is.`;
  } catch (error) {
    failed = `Suggestions did not load. ${error.message}`;
  }
  if (run === autocompleteRun && document.activeElement === chip.input) show(choices.map((one) => ({ label: one.name, value: one.value })), failed);
}

/** Turns what was typed into a value: {value} or {error}. */
function resolve(chip) {
  const { option } = chip;
  const text = chip.input.value.trim();
  if (chip.picked) return { value: chip.picked.value };
  if (option.type === TYPE.FILE && (text || option.required)) return { error: text ? `${option.name} is still being read.` : 'Choose a file.' };
  if (!text) return option.required ? { error: `${option.name} is needed.` } : {};
  const fixed = fixedChoices(option);
  if (fixed) {
    const bare = text.toLowerCase().replace(/^<[@#]&?!?(\d+)>$/, '$1').replace(/^[@#]/, '');
    const aliases = { yes: true, no: false };
    const found = fixed.find((one) => [one.label, one.hint, String(one.value)].some((name) => String(name ?? '').toLowerCase().replace(/^[@#]/, '') === bare))
      ?? (option.type === TYPE.BOOLEAN && bare in aliases ? { value: aliases[bare] } : null);
    return found ? { value: found.value, choice: found.label ? found : null } : { error: `Choose ${option.name} from the list.` };
  }
  if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) {
    const number = Number(text.replace(',', '.'));
    if (!Number.isFinite(number) || (option.type === TYPE.INTEGER && !Number.isInteger(number))) return { error: `${option.name} must be a ${TYPE_NAME[option.type]}.` };
    if (option.min_value !== undefined && number < option.min_value) return { error: `${option.name} must be at least ${option.min_value}.` };
    if (option.max_value !== undefined && number > option.max_value) return { error: `${option.name} must be at most ${option.max_value}.` };
    return { value: number };
  }
  if (option.min_length && text.length < option.min_length) return { error: `${option.name} needs at least ${option.min_length} characters.` };
  if (option.max_length && text.length > option.max_length) return { error: `${option.name} may have at most ${option.max_length} characters.` };
  return { value: text };
}

/** On leaving a chip: remember what the text stands for, and mark it when it stands for nothing. */
function settle(chip) {
  if (!chip.input.value.trim()) return setError(chip, null);
  const { error, choice } = resolve(chip);
  if (choice) chip.picked = choice;
  return setError(chip, error ?? null);
}

// ---- running -------------------------------------------------------------------------------------------------

/** The body of an interaction: the values in their sub-command, with `focused` on the chip being completed. */
function built(focused = null) {
  const leaf = command.chips.flatMap((chip) => {
    if (chip === focused) return [{ name: chip.option.name, type: chip.option.type, value: chip.input.value, focused: true }];
    // Suggestions do not need the files that were chosen.
    if (focused && chip.option.type === TYPE.FILE) return [];
    const { value } = resolve(chip);
    return value === undefined ? [] : [{ name: chip.option.name, type: chip.option.type, value }];
  });
  const [root, ...nested] = command.entry.path;
  const options = nested.reduceRight((inner, node) => [{ name: node.name, type: node.type, options: inner }], leaf);
  return { name: root.name, options };
}

async function submitCommand() {
  let first = null;
  for (const chip of command.chips) {
    const { error } = resolve(chip);
    setError(chip, error ?? null);
    if (error) first ??= chip;
  }
  if (first) {
    first.input.focus();
    showChip(first);
    return;
  }
  const { entry } = command;
  const body = built();
  leaveCommand('');
  await run(body, entry.name, `/${entry.name}`);
}

/** Commands of a context menu: type 2 acts on a person, type 3 on a message. */
export const targetCommands = (type) => (state.commands.get(state.guildId) ?? []).filter((one) => one.type === type);

export const runOnTarget = (known, id) => run({ name: known.name, type: known.type, target_id: id }, known.name, known.name);

/** Sends a command, with a row that says so until the answer is there. */
async function run(body, name, label) {
  const origin = { kind: 'command', user: state.meId, channel: state.channelId, name, label, options: body.options };
  const note = addNote({ kind: 'pending', command: label });
  try {
    const answer = await api.runCommand({ user: origin.user, channel: origin.channel, ...body });
    emit('answer', { answer, origin, note });
  } catch (error) {
    emit('answer', { answer: { kind: 'error', error: error.message }, origin, note });
  } finally {
    removeNote(note);
  }
}
