// Purpose: one whole giveaway, played by the people of the stand-in and told line by line.

import fs from "node:fs";
import path from "node:path";
import { ROOT, run } from "./processes.mjs";
import { people } from "./people.mjs";

const MINUTE = 60_000;
const PRIZE = "A brass lantern";
const ENTRANTS = ["ada", "bela", "chen", "dilek"];

function check(isSo, what, seen) {
  if (!isSo) throw new Error(`${what}. Seen:\n${seen}`);
}

/** Plays the giveaway on a running stack. `tell` gets one line per event; throws a sentence when something is not as it should be. */
export async function playGiveaway(stack, tell) {
  const crowd = people(stack.sim);
  await crowd.meet();
  const named = (username) => crowd.userId(username).then(crowd.nameOf);

  const started = await crowd.command("jonas", "giveaways", `/giveaway start prize:"${PRIZE}" ends:10m winners:1 required_role:@Member claim_window:5m`);
  check(started.isPrivate && started.text.includes("Your giveaway"), "The giveaway was not started", started.text);
  const card = await crowd.findMessage("the giveaway's card", "giveaways", (text) => text.includes(PRIZE) && text.includes("commitment"));
  const id = /ID ([0-9a-f]{12})/.exec(card.embeds[0].footer.text)?.[1];
  const commitment = /commitment ([0-9a-f]{64})/.exec(card.embeds[0].footer.text)?.[1];
  check(id && commitment, "The card carries no ID and commitment", card.embeds[0].footer.text);
  tell(`Jonas, a moderator, types /giveaway start in #giveaways: “${PRIZE}”, ten minutes, for people with the role Member.`);
  tell(`Muster posts the card. It carries a commitment to the draw from the start: ${commitment.slice(0, 16)}…`);

  for (const username of ENTRANTS) {
    const { text } = await crowd.press(username, card, "Enter");
    check(text.includes("You are in"), `${username} could not enter`, text);
  }
  tell(`${(await Promise.all(ENTRANTS.map(named))).join(", ")} press Enter and are in.`);

  const refused = await crowd.press("gus", card, "Enter");
  check(refused.isPrivate && refused.text.includes("You need the role"), "Gus, who has not the role, was not refused with the reason", refused.text);
  const memberRole = await crowd.roleId("Member");
  tell(`Gus presses too and is told, for his eyes only: “${refused.text.split("\n")[0].replace(`<@&${memberRole}>`, "@Member")}”`);

  const counted = await crowd.findMessage("the count on the card", "giveaways", (text, m) => m.id === card.id && text.includes(`Enter (${ENTRANTS.length})`));
  tell(`The button now reads “${counted.components[0].components[0].label}”.`);

  await crowd.wait(10 * MINUTE + 1_000);
  const won = await crowd.findMessage("the draw's announcement", "giveaways", (text) => text.includes("Congratulations") && text.includes("[Claim Prize]"));
  const [first] = won.mentions.map((user) => user.id);
  check(first, "The announcement pings nobody", won.content);
  tell(`Ten minutes pass. Muster draws ${crowd.nameOf(first)} and pings them with a Claim Prize button: five minutes to press it.`);

  await crowd.wait(5 * MINUTE + 1_000);
  const again = await crowd.findMessage("the second draw's announcement", "giveaways", (text, m) => text.includes("did not claim in time") && m.id !== won.id);
  const winners = again.mentions.map((user) => user.id).filter((user) => user !== first);
  check(winners.length === 1 && !again.content.includes(`Congratulations <@${first}>`), "The second draw did not ping one other person", again.content);
  const [second] = winners;
  tell(`${crowd.nameOf(first)} does not press it in time. Muster says so, draws ${crowd.nameOf(second)} and announces it.`);

  const late = await crowd.press(first, won, "Claim Prize");
  check(late.isPrivate && /over|passed on/.test(late.text), `${crowd.nameOf(first)} was not told that it is too late`, late.text);
  tell(`${crowd.nameOf(first)} presses now and is told that it is too late.`);
  const claimed = await crowd.press(second, again, "Claim Prize");
  check(claimed.text.includes("You claimed"), `${crowd.nameOf(second)} could not claim`, claimed.text);
  const told = await crowd.findMessage("the claim", "giveaways", (text) => text.includes(`<@${second}> claimed`), { as: "jonas" });
  check(told.pinged_me, "The host was not pinged about the claim", told.content);
  tell(`${crowd.nameOf(second)} presses Claim Prize; everybody sees it and Jonas, the host, is pinged.`);

  const verified = await crowd.command("ada", "general", `/giveaway verify giveaway:${id}`);
  check(verified.text.includes("checks out"), "/giveaway verify does not confirm the draw", verified.text);
  tell(`Ada types /giveaway verify: “${verified.message.embeds[0].title}”`);

  const proof = await (await fetch(`${stack.workerUrl}/api/v1/giveaways/${id}/proof`)).text();
  const { seed, picks } = JSON.parse(proof);
  check(JSON.parse(proof).commitment === commitment, "The proof's commitment is not the card's", proof);
  check(picks?.map((pick) => pick.user).join() === [first, second].join(), "The proof names other picks than the channel did", proof);
  const file = path.join(stack.dir, "proof.json");
  fs.writeFileSync(file, proof);
  const checked = await run(path.join(ROOT, "scripts/verify-draw"), [file]);
  check(checked.code === 0, "scripts/verify-draw does not confirm the proof", checked.stdout + checked.stderr);
  tell(`The proof is public (seed ${seed.slice(0, 16)}…); scripts/verify-draw, which shares no code with the Worker, comes to the same picks.`);

  const { violations } = await stack.sim.get("/calls");
  check(violations.length === 0, "Muster sent Discord something its API description does not allow", violations.join("\n"));
}
