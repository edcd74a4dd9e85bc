"""Tests of the plugin's parts that need no running Locust.

Importing Locust has gevent patch the whole process, and with it all other tests. Here it does not;
processes that tests start are Locust's own and patched as ever.
"""

import os

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
try:
    import locust as locust
finally:
    del os.environ["LOCUST_SKIP_MONKEY_PATCH"]
