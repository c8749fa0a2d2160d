"""The web page of `bgsub live --web`: what the sources show, with knobs, zones and charts, for any browser."""
