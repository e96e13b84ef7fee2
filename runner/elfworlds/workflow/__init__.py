"""What the verbs do, as functions: load, provide toolchains, plan, build, try, trace, report."""
