// Purpose: the interactions bench's bot written with discord-hono, the way its documentation does.
//
// `ANSWER` is a JSON binding: the message Muster gives to the same command, so that every side sends the same bytes.

import { DiscordHono } from "discord-hono";
import { COMMAND } from "./command.js";

export default new DiscordHono().command(COMMAND, (c) => c.res(c.env.ANSWER));
