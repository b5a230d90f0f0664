// Purpose: starts the playground page and wires its parts together.
