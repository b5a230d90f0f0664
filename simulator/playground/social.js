// Purpose: shows what was published on the platforms: feed, pictures, metrics, accounts; live.
//
// Stable selectors for browser tests (data-testid):
//   social-tab-<platform>      a filter (all, linkedin, instagram, tiktok, x, threads)
//   social-post                a post (data-platform, data-account, data-post); social-text inside it, social-empty without any
//   social-down-<id>           takes a post down;  social-revoke-<platform>-<username>  takes the permission back
//   social-account             an account (data-connected)
// The page sets data-ready="true" on <html> once the first posts are drawn.

import { api, listen } from './api.js';
import { el, store } from './state.js';

const TITLES = { linkedin: 'LinkedIn', instagram: 'Instagram', tiktok: 'TikTok', x: 'X', threads: 'Threads' };
/** Nobody publishes on Facebook, but its login leads to Instagram. */
const NAMES = { ...TITLES, facebook: 'Facebook' };
/** Each platform's own words for what is counted. */
const WORDS = {
  linkedin: { views: 'impressions', reactions: 'reactions', comments: 'comments', shares: 'reposts' },
  instagram: { views: 'views', reactions: 'likes', comments: 'comments', shares: 'shares' },
  tiktok: { views: 'views', reactions: 'likes', comments: 'comments', shares: 'shares' },
  x: { views: 'views', reactions: 'likes', comments: 'replies', shares: 'reposts', quotes: 'quotes' },
  threads: { views: 'views', reactions: 'likes', comments: 'replies', shares: 'reposts', quotes: 'quotes' },
};
/** Metrics grow without an event, so they are read again now and then. */
const RELOAD_MS = 10_000;
const number = new Intl.NumberFormat('en');
const date = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

const at = (id) => document.getElementById(id);
const view = { chosen: store.get('social', 'all'), world: null, drawn: '' };

/** Text with its addresses as links; nothing else in it means anything. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/g).map((part, index) => {
    if (index % 2 === 0) return part;
    const address = part.replace(/[.,;:!?)\]]+$/, '');
    const link = el('a', { class: 'link', href: address, target: '_blank', rel: 'noopener noreferrer', text: address });
    return [link, part.slice(address.length)];
  });
}

function pictures(post) {
  if (post.media.length === 0) return null;
  const one = (address) =>
    post.video ? el('video', { src: address, controls: true }) : el('img', { src: address, alt: `Picture of ${post.name}’s post`, loading: 'lazy' });
  return el('div', { class: 'social-media' }, post.media.map(one));
}

/** LinkedIn cuts a text at a character that should have been escaped, and says nothing. Here it is said. */
function lost(post) {
  const meant = post.sent.replace(/\\([\\|{}@[\]()<>#*_~])/g, '$1');
  if (post.platform !== 'linkedin' || !meant.startsWith(post.text) || meant.trimEnd() === post.text.trimEnd()) return null;
  return el('p', { class: 'social-note', text: `LinkedIn dropped the rest without a word: “${meant.slice(post.text.length).trim()}”` });
}

function postCard(post) {
  const words = WORDS[post.platform];
  const counts = Object.entries(words).map(([name, word]) => el('span', {}, el('b', { text: number.format(post.metrics[name]) }), ` ${word}`));
  const open = ['PUBLIC', 'PUBLIC_TO_EVERYONE'].includes(post.visibility);
  return el(
    'article',
    { class: 'social-post', id: `post-${post.id}`, testid: 'social-post', data: { platform: post.platform, account: post.username, post: post.id } },
    el(
      'header',
      { class: 'social-by' },
      el('span', { class: 'social-face', 'aria-hidden': 'true', text: [...(post.name || '?')][0].toUpperCase() }),
      el('span', { class: 'social-who' }, el('b', { text: post.name }), el('span', { text: `@${post.username}, ${date.format(post.published_ms)}` })),
      el('span', { class: 'social-where', text: TITLES[post.platform] }),
    ),
    post.text ? el('p', { class: 'social-text', testid: 'social-text' }, linked(post.text).flat()) : null,
    pictures(post),
    lost(post),
    open ? null : el('p', { class: 'social-note', text: post.visibility === 'SELF_ONLY' ? 'Only its author sees this post.' : 'Not everybody sees this post.' }),
    el(
      'footer',
      { class: 'social-foot' },
      counts,
      el('button', { type: 'button', class: 'social-down', testid: `social-down-${post.id}`, 'aria-label': `Take ${post.name}’s post down`, text: 'Take down', on: { click: () => act(() => api.takeDown(post.id)) } }),
    ),
  );
}

function empty() {
  const place = view.chosen === 'all' ? '' : ` on ${TITLES[view.chosen]}`;
  return el(
    'div',
    { class: 'social-empty', testid: 'social-empty' },
    el('h2', { text: `Nothing was published${place} yet` }),
    el('p', {}, 'Connect an account with ', el('code', { text: '/connect' }), ' in the ', el('a', { class: 'link', href: '/', text: 'playground' }), ' and publish for a mission: the post appears here at once.'),
  );
}

function tabs() {
  const counts = (key) => view.world.posts.filter((post) => key === 'all' || post.platform === key).length;
  const tab = (key, title) =>
    el(
      'button',
      { type: 'button', class: 'social-tab', 'aria-pressed': String(view.chosen === key), testid: `social-tab-${key}`, on: { click: () => choose(key) } },
      title,
      el('span', { text: number.format(counts(key)) }),
    );
  return [tab('all', 'All'), ...Object.entries(TITLES).map(([key, title]) => tab(key, title))];
}

function side() {
  const shown = view.world.accounts.filter((account) => (view.chosen === 'all' || account.platform === view.chosen) && (account.connected || account.posts > 0));
  const row = (account) =>
    el(
      'li',
      { testid: 'social-account', data: { connected: String(account.connected) } },
      el('span', {}, account.name, ' ', el('span', { class: 'quiet', text: NAMES[account.platform] })),
      account.connected
        ? el('button', { type: 'button', class: 'social-revoke', testid: `social-revoke-${account.platform}-${account.username}`, 'aria-label': `Remove Muster from ${account.name}’s ${NAMES[account.platform]} account`, text: 'Remove Muster', on: { click: () => act(() => api.revokeSocial({ platform: account.platform, account: account.id })) } })
        : el('span', { class: 'quiet', text: 'not connected' }),
    );
  const accounts = el(
    'section',
    {},
    el('h2', { text: 'Connected accounts' }),
    shown.length ? el('ul', { class: 'social-accounts' }, shown.map(row)) : el('p', { class: 'quiet', text: 'Nobody has connected an account yet.' }),
  );
  const dollars = view.world.spending.x_dollars;
  const cost = el('section', {}, el('h2', { text: 'What X would have cost' }), el('p', { class: 'quiet', text: `$${dollars.toFixed(3)} for all calls so far.` }));
  return dollars > 0 ? [accounts, cost] : [accounts];
}

function draw() {
  const posts = view.world.posts.filter((post) => view.chosen === 'all' || post.platform === view.chosen).reverse();
  at('now').replaceChildren(el('b', { text: 'Simulated time: ' }), date.format(view.world.now));
  // The same posts are not drawn twice: a video would stop, a selection would go.
  const text = JSON.stringify([view.chosen, view.world.posts, view.world.accounts, view.world.spending]);
  if (text === view.drawn) return;
  view.drawn = text;
  const focused = document.activeElement?.dataset?.testid;
  at('tabs').replaceChildren(...tabs());
  at('feed').replaceChildren(...(posts.length ? posts.map(postCard) : [empty()]));
  at('side').replaceChildren(...side());
  if (focused) document.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function choose(key) {
  view.chosen = key;
  store.set('social', key);
  draw();
}

function say(sentence) {
  at('banner').textContent = sentence ?? '';
  at('banner').hidden = !sentence;
}

async function load() {
  try {
    view.world = await api.social();
    say(null);
    draw();
    if (!document.documentElement.dataset.ready) {
      document.documentElement.dataset.ready = 'true';
      if (location.hash) document.querySelector(`[id="${CSS.escape(location.hash.slice(1))}"]`)?.scrollIntoView();
    }
  } catch (error) {
    say(error.message);
  }
}

async function act(work) {
  try {
    await work();
    await load();
  } catch (error) {
    say(error.message);
  }
}

const theme = store.get('theme', null);
if (theme) document.documentElement.dataset.theme = theme;
if (view.chosen !== 'all' && !(view.chosen in TITLES)) view.chosen = 'all';
if (location.hash) view.chosen = 'all';
await load();
listen(null, (event) => ['social', 'clock', 'state'].includes(event.kind) && load(), () => {});
setInterval(() => document.visibilityState === 'visible' && load(), RELOAD_MS);
