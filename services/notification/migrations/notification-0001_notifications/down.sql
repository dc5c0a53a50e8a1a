DROP TABLE contact;
DROP TABLE notification;
