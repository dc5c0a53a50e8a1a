DROP TABLE seat_claim;
DROP TABLE hold;
DROP TABLE booking;
DROP TABLE seat_change;
DROP TABLE screening;
DROP TABLE movie;
DROP TABLE home_assignment;
DROP TABLE screen;
