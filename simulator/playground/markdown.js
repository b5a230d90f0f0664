// Purpose: turns message text into DOM nodes, never into HTML strings.
