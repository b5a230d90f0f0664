// Purpose: the tools at the side: guide, people, faults, calls, saved states.
