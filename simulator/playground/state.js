// Purpose: what the page knows, and small helpers every part shares.
