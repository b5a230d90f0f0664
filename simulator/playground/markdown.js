// Purpose: turns message text into DOM nodes. Text only ever becomes text nodes, never HTML strings.

import { channel, css, displayName, el, emit, icon, member, role, state, timeNode, tint, user } from './state.js';

const SAFE = /^(https?:|mailto:)/i;

/** The address when its scheme is one a click may follow, else null. */
export function safeUrl(address) {
  try {
    const url = new URL(String(address), location.href);
    return SAFE.test(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

const PLACE = /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/;

/** A link; one into a channel that is here leads there instead of out of the page. */
export function link(address, ...children) {
  const inside = PLACE.exec(address);
  if (inside && channel(inside[1])) {
    const bare = children.length === 1 && children[0] === address;
    const label = bare ? [`#${channel(inside[1]).name}`, inside[2] ? ' › message' : ''] : children;
    return el('button', { type: 'button', class: bare ? 'mention' : 'link', on: { click: () => emit('go', { channel: inside[1], message: inside[2] }) } }, ...label);
  }
  const href = safeUrl(address);
  if (!href) return el('span', {}, ...children);
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer', class: 'link' }, ...children);
}

// ---- inline --------------------------------------------------------------------------------------------------

function userMention(id) {
  const someone = user(id);
  const mine = id === state.meId;
  return el('span', { class: mine ? 'mention mention-me' : 'mention', title: someone ? `@${someone.username}` : id },
    `@${someone ? displayName(someone) : 'unknown person'}`);
}

function roleMention(id) {
  const found = role(id);
  const mine = member(state.meId)?.roles.includes(id);
  return tint(el('span', { class: mine ? 'mention mention-me' : 'mention' }, `@${found?.name ?? 'unknown role'}`), css(found?.color));
}

function channelMention(id) {
  const found = channel(id);
  if (!found) return el('span', { class: 'mention' }, '#no-access');
  return el('button', { type: 'button', class: 'mention', on: { click: () => emit('go', { channel: id }) } }, `#${found.name}`);
}

function commandMention(name) {
  return el('button', { type: 'button', class: 'mention', title: 'Put this command in the message box', on: { click: () => emit('fill', `/${name} `) } }, `/${name}`);
}

function everyone(name) {
  return el('span', { class: 'mention mention-me' }, name);
}

function spoiler(inner) {
  const node = el('span', { class: 'spoiler', role: 'button', tabindex: 0, 'aria-label': 'Spoiler, show', 'aria-expanded': 'false' },
    el('span', { class: 'spoiler-inner' }, inner));
  const reveal = () => {
    node.classList.add('shown');
    node.removeAttribute('aria-label');
    node.setAttribute('aria-expanded', 'true');
  };
  node.addEventListener('click', reveal);
  node.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      reveal();
    }
  });
  return node;
}

export function emojiNode(emoji) {
  if (!emoji?.id) return el('span', { class: 'emoji' }, emoji?.name ?? '');
  return el('span', { class: 'emoji emoji-custom', title: `:${emoji.name}:` }, icon('spark'));
}

/** Tried in order at every character that can start one; each returns a node for its match. */
const RULES = [
  [/\\([\\`*_~|<>#\-[\]()@:.!])/y, (m) => document.createTextNode(m[1])],
  [/``([\s\S]+?)``(?!`)|`([^`]+)`/y, (m) => el('code', { class: 'code' }, (m[1] ?? m[2]).trim() || ' ')],
  [/\[((?:[^[\]\\\n]|\\.)+)\]\(<?(https?:\/\/[^\s<>()]+(?:\([^\s()]*\)[^\s<>()]*)?)>?(?:\s+"[^"]*")?\)/y, (m) => link(m[2], inline(m[1]))],
  [/<@!?(\d+)>/y, (m) => userMention(m[1])],
  [/<@&(\d+)>/y, (m) => roleMention(m[1])],
  [/<#(\d+)>/y, (m) => channelMention(m[1])],
  [/<\/([^:>\n]+):\d+>/y, (m) => commandMention(m[1])],
  [/<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/y, (m) => timeNode(Number(m[1]) * 1000, m[2] ?? 'f')],
  [/<a?:(\w+):(\d+)>/y, (m) => emojiNode({ name: m[1], id: m[2] })],
  [/<(https?:\/\/[^\s<>]+)>/y, (m) => link(m[1], m[1])],
  [/https?:\/\/(?:\([^\s<>()]*\)|[^\s<>()])*(?:\([^\s<>()]*\)|[^\s<>().,:;!?'"\]*_|~])/y, (m) => link(m[0], m[0])],
  [/@(everyone|here)\b/y, (m) => everyone(m[0])],
  [/\*\*\*(?=\S)([\s\S]+?)\*\*\*/y, (m) => el('strong', {}, el('em', {}, inline(m[1])))],
  [/\*\*(?=\S)([\s\S]+?)\*\*(?!\*)/y, (m) => el('strong', {}, inline(m[1]))],
  [/__(?=\S)([\s\S]+?)__(?!_)/y, (m) => el('u', {}, inline(m[1]))],
  [/\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/y, (m) => el('em', {}, inline(m[1]))],
  [/(?<!\w)_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/y, (m) => el('em', {}, inline(m[1]))],
  [/~~(?=\S)([\s\S]+?)~~/y, (m) => el('s', {}, inline(m[1]))],
  [/\|\|([\s\S]+?)\|\|/y, (m) => spoiler(inline(m[1]))],
];
const STARTS = new Set([...'\\`[<h*_~|@']);

/** One run of text with its inline marks; line breaks become <br>. */
export function inline(text) {
  const out = document.createDocumentFragment();
  let plain = '';
  const flush = () => {
    plain.split('\n').forEach((part, index) => {
      if (index > 0) out.append(el('br'));
      if (part) out.append(part);
    });
    plain = '';
  };
  for (let at = 0; at < text.length;) {
    let matched = false;
    if (STARTS.has(text[at])) {
      for (const [pattern, build] of RULES) {
        pattern.lastIndex = at;
        const match = pattern.exec(text);
        if (!match) continue;
        flush();
        at += match[0].length;
        out.append(build(match));
        matched = true;
        break;
      }
    }
    if (!matched) {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return out;
}

// ---- blocks --------------------------------------------------------------------------------------------------

const FENCE = /```(?:([\w+#.-]+)\n)?\n?([\s\S]+?)\n?```/g;
const HEADING = /^(#{1,3})\s+(.+)$/;
const SUBTEXT = /^-#\s+(.+)$/;
const ITEM = /^(\s*)(?:([-*])|(\d{1,3})\.)\s+(.*)$/;

/** The whole of a message: headings, quotes, lists, code blocks and everything inline. */
export function markdown(text) {
  const out = document.createDocumentFragment();
  const source = String(text ?? '');
  let from = 0;
  for (const match of source.matchAll(FENCE)) {
    blocks(source.slice(from, match.index), out);
    out.append(el('pre', { class: 'code-block', tabindex: 0, 'aria-label': match[1] ? `${match[1]} code` : 'Code' }, el('code', {}, match[2])));
    from = match.index + match[0].length;
  }
  blocks(source.slice(from), out);
  return out;
}

function blocks(text, out) {
  if (!text.trim()) return;
  const lines = text.replace(/^\n|\n$/g, '').split('\n');
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) out.append(el('div', { class: 'md-p' }, inline(paragraph.join('\n'))));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const heading = HEADING.exec(line);
    const subtext = SUBTEXT.exec(line);
    if (line.startsWith('>>> ')) {
      flush();
      out.append(el('blockquote', {}, markdown([line.slice(4), ...lines.slice(at + 1)].join('\n'))));
      return;
    }
    if (line.startsWith('> ')) {
      flush();
      const quoted = [];
      while (at < lines.length && lines[at].startsWith('> ')) quoted.push(lines[at++].slice(2));
      at -= 1;
      out.append(el('blockquote', {}, markdown(quoted.join('\n'))));
    } else if (heading) {
      flush();
      out.append(el('div', { class: `md-h md-h${heading[1].length}`, role: 'heading', 'aria-level': heading[1].length + 2 }, inline(heading[2])));
    } else if (subtext) {
      flush();
      out.append(el('div', { class: 'md-sub' }, inline(subtext[1])));
    } else if (ITEM.test(line)) {
      flush();
      const items = [];
      while (at < lines.length && sameList(items[0], ITEM.exec(lines[at]))) items.push(ITEM.exec(lines[at++]));
      at -= 1;
      out.append(list(items));
    } else {
      paragraph.push(line);
    }
  }
  flush();
}

/** Whether an item goes on with a list: deeper, or of the same kind. */
function sameList(first, item) {
  if (!item) return false;
  return !first || item[1].length > first[1].length || (item[3] === undefined) === (first[3] === undefined);
}

/** Items with their indentation; a deeper item opens a list inside the one above. */
function list(items) {
  const depth = (item) => item[1].length;
  const base = depth(items[0]);
  const ordered = items[0][3] !== undefined;
  const node = el(ordered ? 'ol' : 'ul', { class: 'md-list', start: ordered && items[0][3] !== '1' ? Number(items[0][3]) : undefined });
  for (let at = 0; at < items.length; at += 1) {
    const entry = el('li', {}, inline(items[at][4]));
    const nested = [];
    while (at + 1 < items.length && depth(items[at + 1]) > base) nested.push(items[++at]);
    if (nested.length) entry.append(list(nested));
    node.append(entry);
  }
  return node;
}

/** The first words of a message without marks, for labels and previews. */
export function plain(text, length = 120) {
  const holder = el('div', {}, markdown(text));
  const flat = holder.textContent.replace(/\s+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}
