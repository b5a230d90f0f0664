// Purpose: recomputes a draw in the visitor's browser from its public proof (muster-draw-1). Shares no code with Muster: only
// the procedure that the page describes, with the browser's own SHA-256 and HMAC.

const DOMAIN = "muster-draw-1";
/** Work between two breaths of the page, in milliseconds. */
const SLICE_MS = 12;
const WON = ["won", "claimed"];
const OUTCOMES = { won: "won", claimed: "claimed", lapsed: "not claimed in time", replaced: "drawn again", passed: "passed over" };

const encoder = new TextEncoder();
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
const number = new Intl.NumberFormat();

/** Lets the page breathe when enough was done without a break. */
function breather() {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    since = performance.now();
  };
}

/** Entrants in canonical order, and their list as it was hashed. Refuses lists that could be read in two ways. */
async function canonical(entrants) {
  const breathe = breather();
  for (const [user, weight] of entrants) {
    if (!/^\d+$/.test(user) || !Number.isSafeInteger(weight) || weight < 1) throw new Error("The list has an entrant that is none.");
    await breathe();
  }
  // Digits only, so that the order of characters is that of bytes.
  const sorted = [...entrants].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const lines = [];
  for (let i = 0; i < sorted.length; i += 1) {
    if (i > 0 && sorted[i][0] === sorted[i - 1][0]) throw new Error(`${sorted[i][0]} is on the list twice.`);
    lines.push(`${sorted[i][0]}:${sorted[i][1]}\n`);
    await breathe();
  }
  return { sorted, text: lines.join("") };
}

/** Weights laid end to end, as a binary indexed tree: finding and taking out one takes log(n) steps. */
class Weights {
  constructor(weights) {
    this.weights = weights;
    this.tree = [0, ...weights];
    this.left = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 1; i < this.tree.length; i += 1) {
      const parent = i + (i & -i);
      if (parent < this.tree.length) this.tree[parent] += this.tree[i];
    }
  }

  /** Whose entries the point lies in. */
  at(point) {
    let position = 0;
    let step = 1;
    while (step * 2 < this.tree.length) step *= 2;
    for (; step > 0; step = Math.floor(step / 2)) {
      const next = position + step;
      if (next < this.tree.length && this.tree[next] <= point) {
        point -= this.tree[next];
        position = next;
      }
    }
    return position;
  }

  takeOut(index) {
    const weight = this.weights[index];
    this.left -= weight;
    for (let i = index + 1; i < this.tree.length; i += i & -i) this.tree[i] -= weight;
  }
}

/** A number below `total`, every one equally likely, from the seed. */
async function point(key, prefix, pick, total) {
  const limit = (2n ** 64n / BigInt(total)) * BigInt(total);
  for (let turn = 0; ; turn += 1) {
    const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(`${prefix}\n${pick}\n${turn}`));
    const drawn = new DataView(mac).getBigUint64(0);
    if (drawn < limit) return Number(drawn % BigInt(total));
  }
}

/** The first `count` users that the seed demands, fewer when there are fewer entrants. */
async function draw({ giveaway, seed, hash, entrants, count }) {
  const bytes = Uint8Array.from(seed.match(/../g), (pair) => Number.parseInt(pair, 16));
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const weights = new Weights(entrants.map(([, weight]) => weight));
  const users = [];
  const breathe = breather();
  while (users.length < count && weights.left > 0) {
    const index = weights.at(await point(key, `${DOMAIN}\n${giveaway}\n${hash}`, users.length + 1, weights.left));
    weights.takeOut(index);
    users.push(entrants[index][0]);
    await breathe();
  }
  return users;
}

const root = document.getElementById("proof");
const verdict = document.getElementById("verdict");

/** One line of the list: `waiting`, `running`, `good` or `bad`, with a sentence. */
function show(step, state, sentence) {
  const line = root.querySelector(`[data-step="${step}"]`);
  line.dataset.state = state;
  line.querySelector("small").textContent = sentence;
}

async function check(step, work) {
  show(step, "running", "Checking…");
  try {
    show(step, "good", await work());
    return true;
  } catch (error) {
    show(step, "bad", error.message);
    return false;
  }
}

function cell(row, label, text, state = "") {
  const td = row.insertCell();
  td.dataset.label = label;
  const inner = document.createElement("span");
  inner.textContent = text;
  if (state) inner.className = `state ${state}`;
  td.append(inner);
}

function showPicks(picks, drawn) {
  const body = document.getElementById("picks");
  for (const [index, { pick, user, outcome, reason }] of picks.entries()) {
    const row = body.insertRow();
    cell(row, "Pick", pick);
    cell(row, "Discord ID", user);
    cell(row, "Outcome", [OUTCOMES[outcome] ?? outcome, outcome === "passed" ? reason : ""].filter(Boolean).join(": "));
    const isRight = drawn[index] === user;
    cell(row, "Recomputed", isRight ? "the same" : drawn[index] ? `should be ${drawn[index]}` : "not recomputed", isRight ? "good" : "bad");
  }
  document.getElementById("no-picks").hidden = picks.length > 0;
}

function insist(holds, sentence) {
  if (!holds) throw new Error(sentence);
}

async function verify(proof) {
  const picks = [...proof.picks].sort((a, b) => a.pick - b.pick);
  let entrants = [];
  let drawn = [];
  const results = [
    await check("commitment", async () => {
      insist(/^[0-9a-f]{64}$/.test(proof.seed), "The seed is not one.");
      insist((await sha256(`${DOMAIN}\n${proof.giveaway}\n${proof.seed}`)) === proof.commitment, "This seed has another fingerprint than the one that was published.");
      return "Its fingerprint is the commitment. Compare that with the one in the announcement.";
    }),
    await check("list", async () => {
      const { sorted, text } = await canonical(proof.entrants);
      entrants = sorted;
      insist((await sha256(text)) === proof.entrants_hash, "The list was changed after the draw.");
      return `${number.format(sorted.length)} on it, nobody twice.`;
    }),
    await check("picks", async () => {
      drawn = await draw({ giveaway: proof.giveaway, seed: proof.seed, hash: proof.entrants_hash, entrants, count: picks.length });
      picks.forEach(({ pick, user }, index) => {
        insist(pick === index + 1, "The picks are not numbered without gaps.");
        insist(drawn[index] === user, `Pick ${pick} is ${user}, the seed demands ${drawn[index] ?? "nobody"}.`);
      });
      return picks.length === 1 ? "One pick, recomputed." : `${number.format(picks.length)} picks, recomputed one after the other.`;
    }),
    await check("prizes", async () => {
      const held = picks.filter(({ outcome }) => WON.includes(outcome)).length;
      insist(held <= proof.winners, `${held} people hold a prize, ${proof.winners} were promised.`);
      return `${held} of ${proof.winners}.`;
    }),
  ];
  showPicks(picks, drawn);
  return results.every(Boolean);
}

async function main() {
  const answer = await fetch(root.dataset.proof, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const proof = await answer.json();
  const isSound = proof.algorithm === DOMAIN && (await verify(proof));
  verdict.dataset.state = isSound ? "good" : "bad";
  verdict.textContent = isSound ? "This draw checks out" : "This draw does not check out. Keep the JSON below, and ask whoever runs the giveaway.";
}

main().catch((error) => {
  verdict.dataset.state = "bad";
  verdict.textContent = `The proof could not be checked (${error.message}). Load the page again in a moment.`;
});
