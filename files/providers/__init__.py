"""Who looks into files and who carries them: one module a service or program, each behind a few words."""
