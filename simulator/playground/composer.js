// Purpose: the message box, the command palette and the command form.
