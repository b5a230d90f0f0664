// Purpose: the name of the slash command that every side of the interactions bench answers; Muster answers it without storage.

export const COMMAND = "help";
