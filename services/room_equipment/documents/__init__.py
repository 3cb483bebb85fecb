"""What stands on the papers this service prints, by paper. Reads nothing: rows come in, papers go out."""
