// Purpose: things of many requests in one outside call.

const ALONE = Symbol("waited long enough");

/**
 * Calls that hold the things of many requests: while one is under way, what comes waits and goes together in the next one, with at most
 * `most` things in it. A lone request never waits, and none longer than `patience` (milliseconds) for a call that is slow or whose request
 * died: it then goes alone. The next call is led by the first request that waited, because a request may only make outside calls
 * of its own.
 */
export class Together {
  // Things that came while a call was under way, as `{ thing, isSettled, settle }`.
  #waiting = [];
  // When the call under way began (Unix milliseconds); null when there is none.
  #leading = null;
  // Off for good once the runtime let a request go on in another one's context (it says so when that one calls out): better
  // slow than wrong.
  #isShared = true;
  #most;
  #patience;

  constructor({ most, patience }) {
    this.#most = most;
    this.#patience = patience;
  }

  /** The result of one thing. `call` takes things and gives their results in order; its failure is that of all of them. */
  async join(thing, call) {
    if (!this.#isShared) return alone(thing, call);
    if (this.#leading === null || Date.now() - this.#leading > this.#patience) return this.#lead(thing, call);
    const { leads, result } = await this.#nextTurn(thing);
    if (leads) return this.#lead(thing, call);
    return result === ALONE ? alone(thing, call) : result;
  }

  async #nextTurn(thing) {
    // Not `new Promise`: once optimised, it forgets which request made it, and this request would go on in the context of
    // the one that settles it (tests/e2e/crowd.test.mjs).
    const { promise, resolve, reject } = Promise.withResolvers();
    const one = { thing, isSettled: false };
    one.settle = (turn, error) => {
      one.isSettled = true;
      if (error === undefined) resolve(turn);
      else reject(error);
    };
    this.#waiting.push(one);
    let timer;
    // A request that has nothing of its own under way is taken for a hung one and ended, even when its result is already on the way from
    // the request that led: so there is a timer until it is here.
    const wait = () => {
      timer = setTimeout(() => {
        wait();
        if (one.isSettled) return;
        const place = this.#waiting.indexOf(one);
        if (place >= 0) this.#waiting.splice(place, 1);
        one.settle({ result: ALONE });
      }, this.#patience);
    };
    wait();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Makes the call for `thing` and what waits. Gives `thing`'s own result. */
  async #lead(thing, call) {
    const began = (this.#leading = Date.now());
    const others = this.#waiting.splice(0, this.#most - 1);
    try {
      const [own, ...results] = await call([thing, ...others.map((one) => one.thing)]);
      results.forEach((result, index) => others[index].settle({ result }));
      return own;
    } catch (error) {
      if (String(error).includes("different request")) this.#isShared = false;
      for (const one of others) one.settle(undefined, error);
      throw error;
    } finally {
      // Unless another one took over because this took too long.
      if (this.#leading === began) this.#handOver();
    }
  }

  #handOver() {
    const next = this.#waiting.shift();
    this.#leading = next === undefined ? null : Date.now();
    next?.settle({ leads: true });
  }
}

const alone = async (thing, call) => (await call([thing]))[0];
