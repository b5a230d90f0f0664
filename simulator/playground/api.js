// Purpose: talks to the simulator's control API; every failure becomes one readable sentence.

class ApiError extends Error {
  constructor(sentence, { status = 0, offline = false } = {}) {
    super(sentence);
    this.status = status;
    this.offline = offline;
  }
}

async function request(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError('The simulator does not answer. Is it still running?', { offline: true });
  }
  const text = await response.text();
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null;
  }
  if (!response.ok) {
    throw new ApiError(data?.error ?? `The simulator answered ${response.status} to ${method} ${path.split('?')[0]}.`, { status: response.status });
  }
  return data ?? {};
}

const q = encodeURIComponent;

/** What the bot answered, with the interaction's id beside it. */
async function interact(path, body) {
  const reply = await request('POST', path, body);
  return reply.answer ? { ...reply.answer, interaction_id: reply.interaction_id } : reply;
}

export const api = {
  state: (as) => request('GET', as ? `/sim/state?as=${q(as)}` : '/sim/state'),
  messages: (channel, as) => request('GET', `/sim/channels/${q(channel)}/messages?as=${q(as)}`),
  commands: (guild, as) => request('GET', `/sim/commands?guild=${q(guild)}&as=${q(as)}`),
  runCommand: (body) => interact('/sim/interactions/command', body),
  autocomplete: (body) => request('POST', '/sim/interactions/autocomplete', body),
  component: (body) => interact('/sim/interactions/component', body),
  modal: (body) => interact('/sim/interactions/modal', body),
  say: (body) => request('POST', '/sim/messages', body),
  react: (body) => request('POST', '/sim/reactions', body),
  join: (body) => request('POST', '/sim/members', body),
  leave: (body) => request('DELETE', '/sim/members', body),
  setRoles: (body) => request('PATCH', '/sim/members', body),
  addUser: (body) => request('POST', '/sim/users', body),
  clock: () => request('GET', '/sim/clock'),
  advance: (ms) => request('POST', '/sim/clock', { advance_ms: ms }),
  faults: () => request('GET', '/sim/faults'),
  addFault: (body) => request('POST', '/sim/faults', body),
  clearFaults: () => request('DELETE', '/sim/faults'),
  calls: () => request('GET', '/sim/calls'),
  dump: () => request('GET', '/sim/dump'),
  load: (body) => request('POST', '/sim/load', body),
  reset: () => request('POST', '/sim/reset', {}),
  social: () => request('GET', '/sim/social'),
  takeDown: (id) => request('DELETE', `/sim/social/posts/${q(id)}`),
  revokeSocial: (body) => request('POST', '/sim/social/revoke', body),
};

/**
 * The event stream of one person. Reconnects by itself with growing pauses; `onState` hears
 * 'open', or 'lost' with the milliseconds until the next try. Returns { close, retry }.
 */
export function listen(as, onEvent, onState) {
  let source = null;
  let timer = null;
  let tries = 0;
  let closed = false;

  function open() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(as ? `/sim/events?as=${q(as)}` : '/sim/events');
    source.onopen = () => {
      tries = 0;
      onState('open');
    };
    source.onmessage = (event) => {
      let data = null;
      try {
        data = JSON.parse(event.data);
      } catch {
        return; // A line that is not JSON (a keep-alive) carries nothing to show.
      }
      onEvent(data);
    };
    source.onerror = () => {
      source.close();
      if (closed) return;
      tries += 1;
      const wait = Math.min(15000, 500 * 2 ** Math.min(tries, 5));
      onState('lost', wait);
      timer = setTimeout(open, wait);
    };
  }

  open();
  return {
    retry: open,
    close() {
      closed = true;
      clearTimeout(timer);
      source?.close();
    },
  };
}
