group-hello = 🔔 Hello! I ring here when streamers add something to their wishlists. Administrators: /track nickname
