"""The service on a Debian that systemd has booted: installed, hearing, restarted, upgraded, gone."""
