#!/bin/sh
# What a container of eiload does, by its first argument:
#
#   master [OPTION ...]     Locust's master, web UI on 8089; --headless --scenario NAME runs at once
#   worker [OPTION ...]     one of its workers; --master-host HOST says where the master is
#   serve [OPTION ...]      a stand-in, on all addresses of the container
#   demo [OPTION ...]       two stand-ins compared, in a minute; the page is written to /tmp
#                           where the working directory is read-only
#   -OPTION ...             Locust, as in Locust's own image: its operators say nothing else
#   locust, eiload, sh ...  that program
#   anything else           a command of eiload, such as: run demo --report-to stdout
#
# Locust reads locustfile.py of the working directory, where one is, and else the package's own.
set -eu

locusts() {
    if [ -z "${LOCUST_LOCUSTFILE:-}" ] && [ ! -e locustfile.py ]; then
        LOCUST_LOCUSTFILE=$(eiload locustfile)
        export LOCUST_LOCUSTFILE
    fi
    exec locust "$@"
}

[ $# -gt 0 ] || set -- --help
case "$1" in
    master) shift && locusts --master "$@" ;;
    worker) shift && locusts --worker "$@" ;;
    serve) shift && exec eiload serve --host 0.0.0.0 "$@" ;;
    demo) shift && { [ -w . ] || cd /tmp; } && exec eiload demo "$@" ;;
    --help | --version) exec eiload "$@" ;;
    -*) locusts "$@" ;;
    locust) shift && locusts "$@" ;;
    eiload | python | sh | bash) exec "$@" ;;
    *) exec eiload "$@" ;;
esac
