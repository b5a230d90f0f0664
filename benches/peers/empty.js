// Purpose: the least a Worker can be: what is left of a cold start when there is no bot in it.

export default {
  fetch: () => Response.json({ type: 1 }),
};
