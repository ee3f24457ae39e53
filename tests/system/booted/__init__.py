"""The service on a Debian booted by systemd: installed, hearing, restarted, upgraded, gone."""
