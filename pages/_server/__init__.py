"""What the server does beside the pages: whether it may start, who is signed in, what every answer carries, downloads, health."""
