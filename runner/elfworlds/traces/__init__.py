"""What programs wrote → events; pure, tested on recorded outputs."""
