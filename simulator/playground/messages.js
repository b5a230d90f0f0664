// Purpose: renders the message list.
