"""What the commands for finding, retrieving, sorting and sending objects share."""
