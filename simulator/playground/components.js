// Purpose: buttons, select menus and layout components inside messages.
