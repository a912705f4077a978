"""https by the service itself: the county's certificate authority and the certificate that it signs for this service."""
