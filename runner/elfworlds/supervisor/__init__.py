"""A process of its own that runs one command at a time and leaves nothing of it behind.

It is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): whatever a command starts stays below it, children
that called setsid or whose parents ended included, so at the end all of it is found and killed. When the
runner dies, its end of the control socket closes and the supervisor kills what runs and ends as well.

It imports the standard library only, and few modules of it: one is started for each worker of a run.
"""
