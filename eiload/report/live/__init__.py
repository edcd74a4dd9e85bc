"""A run while it goes on, for the live page in Locust's web UI.

`watch` is fed with what workers report (`counts`: times by bucket; `due`: how many requests were
due; `track`: columns over time), `head` says how it is at a moment, `beside` what its servers say
meanwhile, `page` and its scripts are what a browser gets. Nothing in here judges: there is no
verdict word before the end.
"""
