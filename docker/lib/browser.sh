# shellcheck shell=bash
# A real Chromium for the browser tests. Sourced, never run.

need_browser_program() { need_program chromium chromium chromium-browser google-chrome; }
