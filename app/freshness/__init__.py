"""yt-dlp ages in weeks: newer versions on the data volume, tried out before use, with ways back."""
