# shellcheck shell=bash
# A real Chromium for the browser tests, and what its driver is linked with. Sourced, never run.

need_browser_programs() {
    need_program chromium chromium chromium-browser google-chrome
    [[ $(ldconfig -p) == *libatomic.so.1* ]] || MISSING+=(libatomic1)
}
