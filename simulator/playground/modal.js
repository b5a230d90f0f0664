// Purpose: dialogs: modals the bot opens, and the page's own questions.
